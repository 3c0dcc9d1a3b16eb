"""A list takes as many queries with 500 rows as with 10."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.clients import results_of
from tests.factories import BookFactory, LoanFactory, TagFactory, UserFactory

WHO_ASKS = 1
# The count, the page and, for books, the tags.
LISTS = {"/books": 3, "/tags": 2, "/loans": 2, "/users": 2}
ONE_MORE = 1


def queries_of(client, path, rows):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(f"{path}?page_size={rows}")
        assert len(results_of(response)) == rows
    return len(queries)


@pytest.mark.parametrize("rows", [10, 500])
@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_a_constant_number_of_queries(librarian, path, rows):
    make(rows + ONE_MORE, path, librarian)
    assert queries_of(librarian, path, rows) == WHO_ASKS + LISTS[path]


@pytest.mark.parametrize("path", LISTS)
def test_a_page_reads_no_more_rows_than_it_needs(librarian, path):
    make(20, path, librarian)
    with CaptureQueriesContext(connection) as queries:
        assert len(results_of(librarian.get(f"{path}?page=2&page_size=3"))) == 3
    for query in queries.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(query["sql"])
            # Each book has two tags.
            assert len(cursor.fetchall()) <= 2 * 3, query["sql"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_fits_on_its_first_page_is_not_counted(librarian, path):
    make(10, path, librarian)
    assert queries_of(librarian, path, 10) == WHO_ASKS + LISTS[path] - 1


def make(rows, path, librarian):
    tags = TagFactory.create_batch(rows)
    if path == "/books":
        for book in BookFactory.create_batch(rows):
            book.tags.set(tags[:2])
    if path == "/loans":
        LoanFactory.create_batch(rows, book=BookFactory(), user=librarian.user)
    if path == "/users":
        UserFactory.create_batch(rows - 1)


def test_the_tags_of_a_book_are_checked_and_locked_in_one_query_each(librarian):
    tags = TagFactory.create_batch(40)
    book = BookFactory()
    sent = {"tags": [tag.pk for tag in tags]}
    with CaptureQueriesContext(connection) as queries:
        assert librarian.patch(f"/books/{book.pk}", sent).status_code == 200
    asked_for_tags = [q for q in queries if 'FROM "books_tag" WHERE' in q["sql"]]
    assert len(asked_for_tags) == 2
