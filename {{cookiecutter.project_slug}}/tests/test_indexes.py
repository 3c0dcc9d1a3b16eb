"""Every page of a large library is found with an index, whatever its filters.

The tests read PostgreSQL's plan, and measure no time. The library here is small, so
reading all of it is made to look expensive: then the plan shows whether there is
another way.
"""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from books import documents, pages, selectors
from books.keyset import Place, rows_after
from books.models import Book
from books.queries import ORDERS, BookQuery
from loans.selectors import open_loans
from tests.factories import BookFactory, LoanFactory, TagFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="servers run PostgreSQL"
    ),
]


@pytest.fixture(autouse=True)
def library(db):
    for number in range(400):
        BookFactory(
            title=f"Title {number % 20}",
            author=f"Author {number}",
            published_at=date(2020, 1, 1 + number % 20),
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE books_book")
        cursor.execute("SET LOCAL enable_seqscan = off")


def plan(rows):
    return documents.book_rows(rows).explain()


@pytest.mark.parametrize("order_by", ORDERS)
def test_an_order_is_read_off_its_index(order_by):
    found = plan(selectors.find_books(BookQuery(order_by=order_by))[:10])
    index = "book_by_title" if "title" in order_by else "book_by_day"
    assert f"using {index}" in found, found


@pytest.mark.parametrize("column", ["title", "author"])
def test_a_part_of_a_text_is_found_in_its_index(trigrams, column):
    found = plan(selectors.find_books(BookQuery(**{column: "itle 3"})).order_by())
    assert f"books_book_{column}_trigrams" in found, found


def test_two_texts_are_found_by_indexes(trigrams):
    query = BookQuery(title="title 3", author="author 10")
    found = plan(selectors.find_books(query).order_by())
    assert "_trigrams" in found and "Seq Scan" not in found, found


@pytest.mark.parametrize("order_by", ["", *ORDERS])
def test_few_are_found_by_their_texts_and_then_sorted(trigrams, order_by):
    query = BookQuery(title="title 3", order_by=order_by)
    walked = selectors.find_books(query)
    found = selectors.sort_when_found(walked, query)
    assert list(found.all()) == list(walked.all())
    with connection.cursor() as cursor:
        # For the planner, walking along an index costs nothing.
        cursor.execute("SET LOCAL enable_sort = off")
    assert "Index Scan" in plan(walked[:10])
    for index in ("book_by_title", "book_by_day", "books_book_pkey"):
        assert index not in plan(found[:10]), plan(found[:10])


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize(("more", "sorts"), [(0, True), (1, False)])
def test_it_is_sorted_when_found_if_the_texts_alone_find_few(
    trigrams, reader, more, sorts, tagged
):
    isbns = range(pages.FEW_BOOKS + more)
    books = [BookFactory.build(title="A flood", isbn=f"{n:013}") for n in isbns]
    tag = TagFactory()
    tag.books.add(*Book.objects.bulk_create(books)[:2])
    with CaptureQueriesContext(connection) as queries:
        query = f"title=flood&page_size=1{f'&tag={tag.pk}' * tagged}"
        response = reader.get(f"/books?{query}")
    # Only the books that contain the text are sorted, and they are few.
    assert response.json()["count"] == (2 if tagged else len(isbns))
    assert any("COALESCE" in query["sql"] for query in queries) is sorts


@pytest.mark.parametrize(
    ("order_by", "value", "index"),
    [
        ("", None, "books_book_pkey"),
        ("title", "Title 5", "book_by_title"),
        ("-title", "Title 5", "book_by_title"),
        ("published_at", date(2020, 1, 5), "book_by_day"),
        ("-published_at", date(2020, 1, 5), "book_by_day"),
    ],
)
def test_a_page_after_a_place_begins_there_in_the_index(order_by, value, index):
    books = selectors.find_books(BookQuery(order_by=order_by))
    found = plan(rows_after(books, order_by, Place(value, 10**6))[:10])
    assert f"using {index}" in found and "Index Cond" in found, found


def test_the_books_of_a_tag_are_found_in_an_index_of_links():
    found = plan(selectors.find_books(BookQuery(tag=(1,))).order_by())
    # Two indexes begin with the tag; in so small a table the planner may choose either.
    assert "Index Cond: (tag_id = 1)" in found, found


def test_the_open_loans_of_a_reader_are_found_in_their_index(reader):
    loan = {"user": reader.user, "book": Book.objects.first()}
    returned = {"is_returned": True, "returned_at": timezone.now()}
    LoanFactory.create_batch(100, **loan, **returned)
    LoanFactory(**loan)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE loans_loan")
    assert "using open_loans" in open_loans(reader.user).explain()


def test_the_tags_of_a_hundred_books_are_found_in_an_index():
    with CaptureQueriesContext(connection) as captured, connection.cursor() as cursor:
        documents.with_tags([{"book_id": number} for number in range(100)])
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        found = str(cursor.fetchall())
    assert "Index" in found and "Seq Scan" not in found, found
