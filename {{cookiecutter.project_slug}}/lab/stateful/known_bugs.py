"""Bugs of the library that this one grew from, each brought back by a patch.

Each function takes pytest's monkeypatch. BUGS says how the machine must report it.
"""

import threading
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from unittest import mock

from django.db import transaction
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.permissions import IsAuthenticated

from books import documents, selectors
from books.models import Book
from books.queries import BookQuerySerializer
from books.views import BookDetail, BookList
from caching import reads, requests, watching
from caching.views import Cached
from common.errors import Conflict
from common.queries import read_query
from lab.stateful.addresses import Address
from loans import services
from loans.models import Loan
from users import services as users


def _cache_the_list_by(monkeypatch, depends_on, query):
    monkeypatch.setattr(BookList.cached, "depends_on", tuple(depends_on))
    monkeypatch.setattr(BookList.cached, "query", query)
    # Requests that were read before are read anew.
    monkeypatch.setattr(requests, "_remembered", lru_cache(0)(requests._read))


def page_missing_from_the_key(monkeypatch):
    """Two pages of a list share an entry."""

    def without_page(raw):
        query = read_query(BookQuerySerializer, QueryDict(raw))
        return query.at_page(1).to_query_string(), query.fields_used()

    _cache_the_list_by(monkeypatch, BookList.cached.depends_on, without_page)


def loans_leaving_lists_stale(monkeypatch):
    """Borrowing and returning invalidate nothing."""
    for name in ("borrow", "give_back"):
        monkeypatch.setattr(services, name, _silently(getattr(services, name)))


def _silently(write):
    def silent(**arguments):
        nothing = {"before_write": mock.Mock(), "after_write": mock.Mock()}
        with mock.patch.multiple(watching, **nothing):
            return write(**arguments)

    return silent


def tag_renames_leaving_lists_stale(monkeypatch):
    """The list of books depends on books alone."""
    books, _ = BookList.cached.depends_on
    _cache_the_list_by(monkeypatch, [books], BookList.cached.query)


def returns_not_restoring_stock(monkeypatch):
    """A returned loan leaves the stock as it is."""

    @transaction.atomic
    def give_back(*, loans, loan_id):
        loan = get_object_or_404(loans, pk=loan_id)
        loan.is_returned, loan.returned_at = True, timezone.now()
        loan.save()
        return loan

    monkeypatch.setattr(services, "give_back", give_back)


def ordering_lost_under_a_filter(monkeypatch):
    """A filtered list is in the default order."""
    find_books = selectors.find_books

    def lose_order(query):
        if query.title or query.author or query.tag:
            query = replace(query, order_by="")
        return find_books(query)

    monkeypatch.setattr(selectors, "find_books", lose_order)


def one_query_per_book_for_tags(monkeypatch):
    """The tags of each book are a query of their own."""
    with_tags = documents.with_tags
    monkeypatch.setattr(
        documents, "with_tags", lambda rows: [*chain(*(with_tags([r]) for r in rows))]
    )


def two_readers_getting_the_last_copy(monkeypatch):
    """The stock is read first, without a lock."""
    both_have_looked = threading.Barrier(2)

    def borrow(*, reader, book_id, quantity):
        book = get_object_or_404(Book, pk=book_id)
        if book.stock < quantity:
            raise Conflict("Too few.")
        if threading.current_thread() is not threading.main_thread():
            with suppress(threading.BrokenBarrierError):
                both_have_looked.wait(timeout=5)
        book.stock -= quantity
        book.save(update_fields=["stock"])
        return Loan.objects.create(user=reader, book=book, quantity=quantity)

    monkeypatch.setattr(services, "borrow", borrow)


def reading_anyones_loan(monkeypatch):
    """Every loan is visible to everybody."""
    monkeypatch.setattr("loans.views.loans_visible_to", lambda user: Loan.objects.all())


def any_user_writing_books(monkeypatch):
    """Anybody with a token may write."""
    for view in (BookList, BookDetail):
        monkeypatch.setattr(view, "permission_classes", (IsAuthenticated,))


def a_slow_reader_storing_an_old_list(monkeypatch):
    """An answer read before a write is stored under the stamps from after it."""

    def store_entry(store, spec, version, entry):
        seen = reads.reopen(store, spec)
        if isinstance(seen, reads.Missing):
            store.keep(spec.key, entry.dump(seen.version), 60)

    monkeypatch.setattr(reads, "store_entry", store_entry)


def rows_missing_from_what_a_list_depends_on(monkeypatch):
    """A list forgets which books it shows."""
    monkeypatch.setattr(Cached, "rows", lambda cached, document: [])


def fields_missing_from_what_a_list_depends_on(monkeypatch):
    """A list forgets what it is filtered and ordered by."""

    def without_fields(raw, query=BookList.cached.query):
        return query(raw)[0], frozenset()

    _cache_the_list_by(monkeypatch, BookList.cached.depends_on, without_fields)


def logging_out_without_invalidating(monkeypatch):
    """Logging out everywhere leaves what the cache knows of the reader."""
    silent = _silently(users.log_out_everywhere)
    monkeypatch.setattr(users, "log_out_everywhere", silent)


LIST, FOUND = Address("books"), Address("books", 0, {"title": "birch"})
BORROW = ("borrow", {"number": 0, "quantity": 1})
ASK = ("ask_for_what_is_not_allowed", {"number": 0})
# {bug: (the machine's steps, its message)}
BUGS = {
    page_missing_from_the_key: (
        [("leaf_through", {"address": LIST})],
        "wrong books: /books",
    ),
    loans_leaving_lists_stale: (
        [("read", {"address": LIST}), BORROW],
        "stale: /books",
    ),
    tag_renames_leaving_lists_stale: (
        [
            ("read", {"address": LIST}),
            ("send", {"name": "rename_tag", "number": 0, "other": 0}),
        ],
        "stale: /books",
    ),
    returns_not_restoring_stock: (
        [BORROW, ("give_back", {"number": 0})],
        "copies went with a return",
    ),
    ordering_lost_under_a_filter: (
        [
            (
                "read",
                {"address": Address("books", 0, {"title": "a", "order_by": "title"})},
            )
        ],
        "wrong books",
    ),
    one_query_per_book_for_tags: (
        [("read", {"address": LIST})],
        "too many queries",
    ),
    two_readers_getting_the_last_copy: (
        [("want_the_last_copy", {"number": 0})],
        r"the last copy: \[201, 201\]",
    ),
    reading_anyones_loan: ([BORROW, ASK], "a reader saw another's loan"),
    any_user_writing_books: ([ASK], "a reader wrote a book"),
    a_slow_reader_storing_an_old_list: (
        [("read_slowly", {"address": LIST, "write": ("save", 0, 1)})],
        "stale: /books",
    ),
    logging_out_without_invalidating: (
        [("read", {"address": LIST}), ("log_out_everywhere", {})],
        "a dead token was accepted",
    ),
    # Not bugs of the past, but of the newest part of the cache.
    rows_missing_from_what_a_list_depends_on: (
        [("read", {"address": LIST}), BORROW],
        "stale: /books",
    ),
    fields_missing_from_what_a_list_depends_on: (
        [
            ("read", {"address": FOUND}),
            ("send", {"name": "retitle_book", "number": 0, "other": 1}),
        ],
        "stale: /books",
    ),
}
