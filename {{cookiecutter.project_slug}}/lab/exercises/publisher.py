"""Exercise 3.1: `GET /books?publisher=Dover`, an exact match that minds case."""

import pytest

from lab.exercises import Client
from tests import caches
from tests.factories import BookFactory, UserFactory

PUBLISHERS = ("Dover", "dover", "Dover Books", "Penguin")
# A list that fits on its first page is not counted.
TWO = "page_size=2"


@pytest.fixture
def books(transactional_db):
    """Three books of each publisher."""
    return [BookFactory(publisher=name) for name in PUBLISHERS for _ in range(3)]


@pytest.fixture
def reader(transactional_db):
    return Client(UserFactory())


@pytest.fixture
def librarian(transactional_db):
    return Client(UserFactory(is_staff=True))


def shown(client, path):
    """Return count and publishers of a page, and the path of the next one."""
    page = client.get(path).json()
    names = [book["publisher"] for book in page["results"]]
    return page["count"], names, (page["next"] or "").partition("/api/v1")[2]


def test_only_the_books_of_this_publisher_are_shown(books, reader):
    for name in PUBLISHERS:
        _, names, _ = shown(reader, f"/books?publisher={name}")
        assert set(names) == {name}, f"publisher={name} shows books of others"
        assert len(names) == 3, f"publisher={name} does not show all its books"


def test_the_count_is_that_of_this_publisher(books, reader):
    everything, _, _ = shown(reader, f"/books?{TWO}")
    count, _, following = shown(reader, f"/books?publisher=Dover&{TWO}")
    assert count != everything, f"the count is {count}: that of all books"
    assert (count, shown(reader, following)[1]) == (3, ["Dover"]), "page 2 is another's"


def test_two_publishers_have_two_entries(books, reader):
    paths = [f"/books?publisher={name}" for name in ("Dover", "Penguin", "Dover")]
    results = [caches.result_of(reader.get(path)) for path in paths]
    assert results == ["MISS", "MISS", "HIT"], "two publishers share an entry"


def test_a_book_that_comes_to_the_publisher_is_seen_at_once(books, reader, librarian):
    path = f"/books?publisher=Dover&{TWO}"
    shown(reader, path)
    sent = {"publisher": "Dover"}
    assert librarian.patch(f"/books/{books[-1].pk}", sent).status_code == 200
    count, names, _ = shown(reader, path)
    caches.empty()
    right = shown(reader, path)
    assert (count, names) == right[:2], "the list is stale after a book came to it"
