"""Takes random steps, and compares cached with uncached answers after each."""

import gzip
from collections import Counter
from contextlib import suppress
from unittest import mock

from django.db import connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from books.models import Book, Tag
from caching import reads
from caching.writes import invalidate
from lab.stateful import writing
from lab.stateful.addresses import WORDS, addresses, expected_books
from lab.stateful.writing import Endpoints, Orm, a_book, ids_of, names_of
from loans.models import Loan
from tests.caches import empty
from tests.clients import Client
from tests.crowd import all_at_once
from tests.factories import BookFactory, TagFactory, UserFactory
from tests.test_query_counts import LISTS, WHO_ASKS
from users.models import User

numbers = st.integers(0, 5)
orm_writes = st.tuples(st.sampled_from(names_of(Orm)), numbers, numbers)
# The number of addresses that are read again after each step.
WATCHED = 4


class RolledBack(Exception):
    """Ends a transaction."""


class Library(RuleBasedStateMachine):
    """The library's readers and writers, who take turns."""

    # Counts of X-Cache in the cached reads of all runs.
    results = Counter()

    def __init__(self):
        super().__init__()
        empty()
        for model in (Loan, Book, Tag, User):
            model.objects.all().delete()
        self.librarian = Client(UserFactory(is_staff=True))
        self.reader, self.other = Client(UserFactory()), Client(UserFactory())
        self.watched = []
        tags = TagFactory.create_batch(3)
        for number in range(5):
            BookFactory(title=WORDS[number], stock=2, tags=tags[number % 3 :])

    # Reading

    @rule(address=addresses)
    def read(self, address):
        """Read an address from now on."""
        self.watch(address)

    @rule(address=addresses)
    def leaf_through(self, address):
        """Read two pages of a list from now on."""
        for page in (1, 2):
            parameters = address.parameters | {"page": page, "page_size": 2}
            parameters.pop("after", None)
            self.watch(type(address)("books", 0, parameters, address.noise))

    @rule(address=addresses, write=orm_writes)
    def read_slowly(self, address, write):
        """Read an address; another client writes between its query and its storing."""
        for table in ("books", "tags"):
            invalidate(table)
        writes, store_entry = [lambda: self.write(Orm, *write)], reads.store_entry

        def store_late(store, spec, *more):
            # What is known of the reader is stored before there is an answer.
            if writes and "fingerprint" not in spec.key:
                all_at_once([writes.pop()])
            store_entry(store, spec, *more)

        parameters, spellings = self.watch(address)
        with mock.patch.object(reads, "store_entry", store_late):
            self.reader.get(spellings[0])

    def watch(self, address):
        """Add an address to those that are read after each step."""
        ids = {"books": ids_of(Book), "tags": ids_of(Tag)}
        parameters = dict(address.parameters)
        if "tag" in parameters:
            # So far these are positions of tags, not ids.
            tags = [writing.pick(ids["tags"], n) or 10**9 for n in parameters["tag"]]
            parameters["tag"] = tags
            if len(set(tags)) > 1:
                parameters.setdefault("tag_option", "and")
        address = type(address)(address.kind, address.number, parameters, address.noise)
        shown = parameters if address.kind == "books" else None
        self.watched = [*self.watched, (shown, address.spellings(ids))][-WATCHED:]
        return self.watched[-1]

    # Writing

    @rule(name=st.sampled_from(names_of(Endpoints)), number=numbers, other=numbers)
    def send(self, name, number, other):
        """Write as a librarian."""
        self.write(Endpoints, name, number, other)

    @rule(write=orm_writes)
    def use_orm(self, write):
        """Write without the endpoints."""
        self.write(Orm, *write)

    @rule(
        writes=st.lists(orm_writes, min_size=1, max_size=3),
        end=st.sampled_from(["commit", "rollback", "savepoint"]),
    )
    def use_transaction(self, writes, end):
        """Write in a transaction; commit all writes, none, or all but the last."""
        with suppress(RolledBack), transaction.atomic():
            for write in writes[:-1]:
                self.write(Orm, *write)
            with suppress(RolledBack), transaction.atomic():
                self.write(Orm, *writes[-1])
                if end == "savepoint":
                    raise RolledBack
            if end == "rollback":
                raise RolledBack

    def write(self, ways, name, number, other):
        """Write in one of the ways."""
        vars(ways)[name](self, number, other)

    # Borrowing

    @rule(number=numbers, quantity=st.integers(1, 2))
    def borrow(self, number, quantity):
        """Borrow; the number of copies stays the same."""
        if book := a_book(number):
            before = self.copies(book)
            sent = {"book_id": book.pk, "quantity": quantity}
            response = self.other.post("/loans", sent)
            assert response.status_code in (201, 409)
            assert self.copies(book) == before, "copies went with a loan"

    @rule(number=numbers)
    def give_back(self, number):
        """Return; the number of copies stays the same."""
        loans = Loan.objects.filter(is_returned=False, user=self.other.user)
        loan = loans.order_by("pk").first()
        if loan:
            before = self.copies(loan.book)
            response = self.other.patch(f"/loans/{loan.pk}", {"is_returned": True})
            assert response.status_code == 200
            assert self.copies(loan.book) == before, "copies went with a return"

    @rule(number=numbers)
    def want_the_last_copy(self, number):
        """Let two readers borrow the last copy at the same moment."""
        if book := a_book(number):
            self.librarian.patch(f"/books/{book.pk}", {"stock": 1})
            sent = {"book_id": book.pk}
            responses = all_at_once(
                [
                    lambda: Client(self.other.user).post("/loans", sent),
                    lambda: Client(self.librarian.user).post("/loans", sent),
                ]
            )
            got = sorted(response.status_code for response in responses)
            assert got == [201, 409], f"the last copy: {got}"

    def copies(self, book):
        """Return how many copies there are, on the shelf and on loan."""
        on_loan = book.loans.filter(is_returned=False).aggregate(n=Sum("quantity"))
        return Book.objects.get(pk=book.pk).stock + (on_loan["n"] or 0)

    # Permissions

    @rule(number=numbers)
    def ask_for_what_is_not_allowed(self, number):
        """Try, as a reader, what only librarians or another reader may do."""
        for loan in Loan.objects.exclude(user=self.reader.user)[:1]:
            response = self.reader.get(f"/loans/{loan.pk}")
            assert response.status_code in (401, 404), "a reader saw another's loan"
        sent = self.other.post("/books", writing.body_of_book(number, 1))
        assert sent.status_code == 403, "a reader wrote a book"
        if book := a_book(number):
            changed = self.other.patch(f"/books/{book.pk}", {"title": "dune"})
            assert changed.status_code == 403, "a reader wrote a book"

    @rule(active=st.booleans(), in_bulk=st.booleans())
    def let_in_or_not(self, active, in_bulk):
        """Deactivate or activate the reader."""
        user = User.objects.get(pk=self.reader.user.pk)
        if in_bulk:
            User.objects.filter(pk=user.pk).update(is_active=active)
        else:
            user.is_active = active
            user.save()

    @rule()
    def log_out_everywhere(self):
        """End the reader's tokens; the reader comes back with a new one."""
        ended = self.reader
        status = ended.post("/auth/logout-all").status_code
        assert status in (204, 401)
        for path in ("/books", "/tags"):
            assert ended.get(path).status_code == 401, "a dead token was accepted"
        self.reader = Client(User.objects.get(pk=ended.user.pk))

    # The invariant

    @invariant()
    def cached_is_uncached(self):
        """A cached answer is the same as one from the database."""
        for shown, (path, other_path) in self.watched:
            cached = self.reader.get(path)
            again = self.reader.get(other_path, HTTP_ACCEPT_ENCODING="gzip")
            # Inside a transaction nothing is served from the cache.
            with transaction.atomic(), CaptureQueriesContext(connection) as queries:
                direct = self.reader.get(path)
            self.compare(path, cached, again, direct)
            if shown is not None and direct.status_code == 200:
                assert len(queries) <= WHO_ASKS + LISTS["/books"], "too many queries"
                ids = [book["book_id"] for book in direct.json()["results"]]
                assert ids == expected_books(shown), f"wrong books: {path}"

    def compare(self, path, cached, again, direct):
        """Fail unless these are the same answer, the first two from the cache."""
        assert cached.status_code == direct.status_code, f"stale: {path}"
        assert cached.content == direct.content, f"stale: {path}"
        assert cached.headers.get("ETag") == direct.headers.get("ETag")
        assert plain(again) == direct.content, f"stale: {path}, in the other spelling"
        if direct.status_code == 200:
            assert direct.headers["X-Cache"] == "BYPASS; transaction"
            assert again.headers["X-Cache"] == "HIT", f"not cached: {path}"
            self.results[cached.headers["X-Cache"]] += 1


def plain(response):
    """Return the answer's body, decompressed."""
    if response.headers.get("Content-Encoding") == "gzip":
        return gzip.decompress(response.content)
    return response.content
