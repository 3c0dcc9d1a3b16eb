"""The count of a long list is cached, and exact."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from books.pages import BookPages
from books.queries import BookQuery
from books.selectors import find_books, has_trigrams
from tests.caches import caching, recorded_round_trips, result_of
from tests.factories import BookFactory, TagFactory

PAGES = ["page_size=2", "page_size=2&page=2", "page_size=1&order_by=title"]
PAGES += ["after=&page_size=2"]


@pytest.fixture
def tag(store):
    tag = TagFactory()
    for _ in range(5):
        BookFactory(title="Same", tags=[tag])
    return tag


def counts(reader, query):
    """Return the count in the answer, and how many queries counted."""
    with CaptureQueriesContext(connection) as queries:
        response = reader.get(f"/books?{query}")
    assert result_of(response) == "MISS"
    made = [query for query in queries if "COUNT(" in query["sql"]]
    return response.json()["count"], len(made)


@pytest.mark.parametrize("filters", ["", "&title=same", "&tag={tag}"])
def test_it_is_counted_once_for_all_pages_and_orders(reader, tag, filters):
    filters = filters.format(tag=tag.pk)
    found = [counts(reader, page + filters) for page in PAGES]
    assert found == [(5, 1), (5, 0), (5, 0), (5, 0)]


def test_other_filters_have_another_count(reader, tag):
    other = BookFactory(title="Other")
    BookFactory(title="Others", tags=other.tags.all())
    assert counts(reader, "page_size=1") == (7, 1)
    assert counts(reader, "page_size=1&title=other") == (2, 1)
    assert counts(reader, f"page_size=1&tag={tag.pk}") == (5, 1)


@pytest.mark.parametrize(
    ("write", "count"),
    [
        (lambda book, tag: BookFactory(tags=[tag]), 6),
        (lambda book, tag: book.delete(), 4),
        (lambda book, tag: book.tags.clear(), 4),
        (lambda book, tag: tag.books.remove(book), 4),
        (lambda book, tag: tag.books.clear(), 0),
        (lambda book, tag: tag.delete(), 0),
    ],
    ids=["created", "deleted", "untagged", "removed", "cleared", "tag deleted"],
)
def test_a_write_is_counted_at_once(reader, tag, write, count):
    query, book = f"tag={tag.pk}&page_size=2", tag.books.first()
    assert counts(reader, query) == (5, 1)
    write(book, tag)
    assert reader.get(f"/books?{query}").json()["count"] == count


def test_a_retitled_book_is_counted_at_once(reader, librarian, tag):
    assert counts(reader, "title=same&page_size=2") == (5, 1)
    book = tag.books.first()
    assert librarian.patch(f"/books/{book.pk}", {"title": "Other"}).status_code == 200
    assert counts(reader, "title=same&page_size=2") == (4, 1)


def test_one_answer_counts_once_however_often_it_needs_the_number(tag):
    """On PostgreSQL, how books are found depends on how many there are."""
    pages, query = BookPages(), BookQuery(title="same")
    pages.query = query
    # In a transaction nothing is cached.
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        found = [pages.count_rows(find_books(query)) for _ in range(2)]
    assert (found, len(queries)) == ([5, 5], 1)


@pytest.mark.parametrize(
    ("texts", "long_enough"),
    [
        ({}, False),
        ({"title": "ab", "author": "cd"}, False),
        ({"title": "abc", "author": "d"}, True),
        ({"author": "abc"}, True),
    ],
)
def test_postgresql_alone_finds_texts_by_trigrams(texts, long_enough):
    on_postgresql = connection.vendor == "postgresql"
    assert has_trigrams(BookQuery(**texts)) == (long_enough and on_postgresql)


def test_what_is_kept_is_one_small_entry(redis_store, reader):
    BookFactory.create_batch(3)
    for query in PAGES:
        reader.get(f"/books?{query}")
    assert len(list(redis_store.client.scan_iter("library:books:count:*"))) == 1


def test_it_costs_a_few_round_trips_more_and_one_if_it_is_known(
    redis_store, reader, monkeypatch
):
    BookFactory.create_batch(3)
    reader.get("/tags")
    with recorded_round_trips(monkeypatch) as trips:
        counts(reader, "page_size=1")
    # Look up, lock, look up again, [all of that for the count], store, unlock.
    assert len(trips) == 10, trips
    with recorded_round_trips(monkeypatch) as trips:
        counts(reader, "page_size=2")
    assert len(trips) == 6, trips


def test_without_redis_it_is_counted(reader, settings, transactional_db):
    settings.CACHING = caching("redis://127.0.0.1:1/0", timeout=0.1)
    BookFactory.create_batch(3)
    for _ in range(2):
        response = reader.get("/books?page_size=2")
        assert response.json()["count"] == 3
        assert response.headers["X-Cache"] == "BYPASS; unavailable"
