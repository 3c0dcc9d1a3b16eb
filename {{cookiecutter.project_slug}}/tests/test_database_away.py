"""With the database away or read-only, what needs it is a 503 in the one shape."""

import pytest
from django.db import connection
from django.db.utils import OperationalError

from tests.clients import errors_of
from tests.factories import BookFactory, TagFactory

GONE = {None: "database_unavailable"}


@pytest.fixture
def away():
    """Return a block in which each query fails, as with the server gone."""

    def refuse(execute, *arguments):
        raise OperationalError("the connection is closed")

    return lambda: connection.execute_wrapper(refuse)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/books", None),
        ("get", "/books/1", None),
        ("get", "/loans", None),
        ("get", "/users/1", None),
        ("post", "/loans", {"book_id": 1}),
        ("post", "/auth/login", {"email": "a@example.com", "password": "a secret"}),
        ("delete", "/books/1", None),
    ],
)
def test_it_is_a_503_that_says_when_to_come_again(
    store, librarian, transactional_db, away, method, path, body
):
    librarian.raise_request_exception = False
    with away():
        response = getattr(librarian, method)(path, body)
    assert response.status_code == 503, response.content
    assert errors_of(response) == GONE
    assert response.headers["Retry-After"] == "5"


def test_so_it_is_outside_the_api(client, transactional_db, away):
    client.raise_request_exception = False
    with away():
        response = client.post("/admin/login/", {"username": "a", "password": "b"})
    assert response.status_code == 503
    assert errors_of(response) == GONE


def test_another_error_is_a_500_in_the_same_words_everywhere(
    client, librarian, transactional_db, monkeypatch
):
    def fail(*arguments, **options):
        raise RuntimeError("a bug of ours")

    answers = []
    for asker, path, place in (
        (librarian, "/loans", "loans.views.LoanList.get"),
        (client, "/metrics", "config.metrics.generate_latest"),
    ):
        asker.raise_request_exception = False
        with monkeypatch.context() as patch:
            patch.setattr(place, fail)
            answers.append(asker.get(path))
    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[0].json() == answers[1].json()


@pytest.fixture
def read_only(transactional_db):
    """Let the database refuse writes."""
    sqlite = connection.vendor == "sqlite"
    refuse, allow = (
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
        if sqlite
        else (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        )
    )

    def execute(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)

    yield lambda: execute(refuse)
    execute(allow)


def test_a_read_only_database_is_read_and_said(
    store, librarian, nobody, read_only, settings
):
    tag, book = TagFactory(), BookFactory()
    read_only()
    librarian.raise_request_exception = False
    response = librarian.put(f"/tags/{tag.pk}", {"name": "New"})
    assert response.status_code == 503 and errors_of(response) == GONE
    assert librarian.get(f"/books/{book.pk}").status_code == 200
    # Between requests the connection may be closed and opened again.
    read_only()
    health = nobody.get("/common/health-check")
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert health.json()["database"] == "read-only"
