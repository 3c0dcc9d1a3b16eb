"""Exercise 2.1: `n_books`, the number of a tag's books, in the list of tags."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lab.exercises import Client
from tests import caches
from tests.factories import BookFactory, TagFactory, UserFactory

PATH = "/tags"


@pytest.fixture
def library(transactional_db):
    """Return two tags, and two books that have the first; one has the second, too."""
    tags = TagFactory.create_batch(2)
    # So no book has the id of a tag.
    BookFactory.create_batch(5)
    books = [BookFactory(tags=tags), BookFactory(tags=tags[:1])]
    return tags, books


@pytest.fixture
def reader(transactional_db):
    return Client(UserFactory())


@pytest.fixture
def librarian(transactional_db):
    return Client(UserFactory(is_staff=True))


def counts(client, path=PATH):
    """Return the number of books of each tag, as the list shows it."""
    return [tag.get("n_books") for tag in client.get(path).json()["results"]]


def queries_of(client, path):
    caches.empty()
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return len(queries)


def test_each_tag_shows_how_many_books_have_it(library, reader):
    assert counts(reader) == [2, 1], "GET /tags does not show each tag's `n_books`"


def test_a_long_list_takes_as_many_queries_as_a_short_one(library, reader):
    TagFactory.create_batch(8)
    few, many = (queries_of(reader, f"{PATH}?page_size={n}") for n in (2, 9))
    assert few == many, "each tag's books are counted by a query of their own"


WRITES = {
    "a new book": ("post", "/books"),
    "a book that loses its tags": ("patch", "/books/{book}"),
    "a book that goes": ("delete", "/books/{book}"),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_to_a_book_is_seen_at_once(library, reader, librarian, write):
    tags, books = library
    method, path = WRITES[write]
    body = {"isbn": "9780306406157", "title": "New", "author": "Ada", "stock": 1}
    body |= {"published_at": "2020-01-31", "tags": [tag.pk for tag in tags]}
    sent = {"post": body, "patch": {"tags": []}, "delete": None}[method]
    counts(reader)
    done = getattr(librarian, method)(path.format(book=books[0].pk), sent)
    assert done.status_code in (200, 201, 204), done.content
    shown = counts(reader)
    caches.empty()
    assert shown == counts(reader), f"GET /tags is stale after {write}"
