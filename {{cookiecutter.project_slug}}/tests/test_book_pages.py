"""GET /books?after=…: pages that begin after a place in the order."""

from datetime import date
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from books.models import Book
from books.queries import ORDERS, BookQuery
from books.selectors import find_books, sort_when_found
from tests.clients import errors_of, results_of
from tests.factories import BookFactory, TagFactory

ALL_ORDERS = ("", *ORDERS)
# Equal titles, a colon, and titles whose order differs as text and as bytes.
TITLES = ["Same", "Same", "a: b", "B", "é", "", "Same"]


@pytest.fixture
def books(db):
    tag = TagFactory()
    for number, title in enumerate(TITLES):
        day = date(2020, 1, 1 + number % 3)
        BookFactory(title=title, published_at=day, tags=[tag] if number else [])
    return tag


def follow(reader, query, meanwhile=lambda: None):
    """Follow `next` and return the ids on all pages; do something between them."""
    ids, path = [], f"/books?{query}"
    while path:
        response = reader.get(path)
        ids += [book["book_id"] for book in results_of(response)]
        path = (response.json()["next"] or "").partition("/api/v1")[2]
        meanwhile()
    return ids


def ids_by_number(reader, query):
    return [book["book_id"] for book in results_of(reader.get(f"/books?{query}"))]


@pytest.mark.parametrize("order_by", ALL_ORDERS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_following_next_shows_what_pages_by_number_show(reader, books, order_by, size):
    order = f"&order_by={order_by}" if order_by else ""
    for query in (order, f"&tag={books.pk}{order}", f"&title=same{order}"):
        expected = ids_by_number(reader, f"page_size=100{query}")
        assert follow(reader, f"after=&page_size={size}{query}") == expected


@pytest.mark.parametrize("order_by", ALL_ORDERS)
def test_what_is_sorted_when_found_has_the_same_order(books, order_by):
    query = BookQuery(order_by=order_by)
    found = find_books(query)
    assert list(sort_when_found(found, query)) == list(found)


@pytest.mark.parametrize("order_by", ALL_ORDERS)
def test_what_comes_and_goes_shifts_nobodys_page(reader, books, order_by):
    order = f"&order_by={order_by}" if order_by else ""
    stay = ids_by_number(reader, f"tag={books.pk}{order}")
    others = [BookFactory(title=title, published_at="2020-01-02") for title in TITLES]

    def meanwhile():
        if others:
            others.pop().delete()
        BookFactory(title="Same", published_at="2020-01-02")

    ids = follow(reader, f"after=&page_size=2{order}", meanwhile)
    assert len(ids) == len(set(ids))
    assert [pk for pk in ids if pk in stay] == stay


def test_it_goes_on_after_a_book_that_is_gone(reader, books):
    first = reader.get("/books?after=&page_size=3&order_by=title").json()
    ids = [book["book_id"] for book in first["results"]]
    expected = ids_by_number(reader, "order_by=title")[3:]
    Book.objects.filter(pk__in=ids).delete()
    rest = first["next"].partition("/books?")[2]
    assert follow(reader, rest) == expected


def test_the_place_is_an_id_with_the_value_of_the_order_before_it(reader, books):
    newest = Book.objects.order_by("-id").first()
    by_id = reader.get("/books?after=&page_size=1").json()
    assert by_id["next"].endswith(f"/books?page_size=1&after={newest.pk}")
    by_day = reader.get("/books?after=&page_size=1&order_by=-published_at").json()
    shown = by_day["results"][0]
    place = quote(f"{shown['published_at']}:{shown['book_id']}")
    assert by_day["next"].endswith(f"&order_by=-published_at&after={place}")


def test_the_count_is_of_all_pages_and_there_is_no_way_back(reader, books):
    newest = Book.objects.order_by("-id").first()
    body = reader.get(f"/books?after={newest.pk}&page_size=2").json()
    assert (body["count"], body["previous"]) == (len(TITLES), None)


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=0",
        "after=-1",
        "after=1.5",
        "after=007",
        "after=%2B7",
        "after=:7",
        "after=a:7",
        "after=%D9%A7",
        f"after={2**63}",
        "after=" + "9" * 276,
        "after=%00:1&order_by=title",
        "after=7&order_by=published_at",
        "after=title:7&order_by=published_at",
        "after=20200131:7&order_by=published_at",
        "after=2020-02-30:7&order_by=published_at",
        "after=title:x&order_by=title",
        "after=7&page=2",
        "after=&page=2",
    ],
)
def test_what_is_no_place_in_this_order_is_a_400(reader, query):
    response = reader.get(f"/books?{query}")
    assert response.status_code == 400, response.content
    assert list(errors_of(response)) == ["after"]


@pytest.mark.parametrize(("length", "status"), [(255, 200), (256, 400)])
def test_a_place_is_as_long_as_a_title_and_an_id_can_be(reader, length, status):
    place = f"{'t' * length}:{2**63 - 1}"
    response = reader.get(f"/books?after={place}&order_by=title")
    assert response.status_code == status, response.content


@pytest.mark.parametrize(
    ("query", "accepted"),
    [
        ("after=x", "an id"),
        ("after=x&order_by=title", "a value of title:id"),
        ("after=x&order_by=-published_at", "a value of published_at:id"),
    ],
)
def test_the_400_says_how_a_place_is_written(reader, query, accepted):
    [error] = reader.get(f"/books?{query}").json()["errors"]
    assert f"accepted: {accepted}, as `next` has it" in error["detail"]


@pytest.mark.django_db
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=255))
@settings(max_examples=40)
def test_every_title_can_be_a_place(reader, title):
    Book.objects.all().delete()
    shown, after = BookFactory(title=title), BookFactory(title=title)
    assert follow(reader, "after=&page_size=1&order_by=title") == [after.pk, shown.pk]
