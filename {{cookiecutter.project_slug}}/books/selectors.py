"""Reads from the catalogue."""

from typing import TypeVar

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404

from books.models import Book, Tag
from books.queries import BookQuery

# Characters of a trigram. An index of trigrams can't find a shorter text.
TRIGRAM = 3

T = TypeVar("T")


def find_books(query: BookQuery) -> QuerySet[Book]:
    """Return the books that match a BookQuery, in a total order."""
    books = Book.objects.all()
    for lookup, value in query.lookups().items():
        if lookup.startswith("tags__"):
            books = books.filter(_has_tags(value, query.tag_option))
        else:
            books = books.filter(**{lookup: value})
    return books.order_by(*_order(query))


def has_trigrams(query: BookQuery) -> bool:
    """Return whether an index can find a BookQuery's texts (see migration 0003)."""
    longest = max(len(query.title), len(query.author))
    return connection.vendor == "postgresql" and longest >= TRIGRAM


def sort_when_found(books: QuerySet[Book, T], query: BookQuery) -> QuerySet[Book, T]:
    """Return the same books in the same order, but let PostgreSQL find, then sort.

    For a query that few books match. To get one page, PostgreSQL tends to scan the
    index of the order and to check each book until the page is full. If few books
    match, that scans most of the table. No index has the order of an expression. So if
    the books are ordered by one, PostgreSQL has to find them all and sort them.
    """
    return books.order_by(*map(_by_expression, _order(query)))


def _order(query: BookQuery) -> tuple[str, ...]:
    # The id breaks ties, so that pages never overlap.
    return (*query.order(), "-id")


def _by_expression(name: str) -> OrderBy:
    column = F(name.removeprefix("-"))
    value = Coalesce(column, column)
    return value.desc() if name.startswith("-") else value.asc()


def _has_tags(tag_ids: tuple[int, ...], option: str) -> Q:
    # Subqueries and not joins: a join would list a book once for each of its tags.
    links = Book.tags.through.objects
    if option == "or":
        return Q(pk__in=links.filter(tag_id__in=tag_ids).values("book_id"))
    condition = Q()
    for tag_id in tag_ids:
        condition &= Q(pk__in=links.filter(tag_id=tag_id).values("book_id"))
    return condition


def get_book(book_id: int) -> Book:
    """Return a book; raise Http404 if there is none."""
    return get_object_or_404(Book, pk=book_id)


def get_tag(tag_id: int) -> Tag:
    """Return a tag; raise Http404 if there is none."""
    return get_object_or_404(Tag, pk=tag_id)
