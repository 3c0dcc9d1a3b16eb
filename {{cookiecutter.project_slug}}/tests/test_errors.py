"""Errors have one shape everywhere."""

import tracemalloc

import pytest

from tests.clients import Client, errors_of
from tests.factories import PASSWORD, BookFactory, UserFactory

pytestmark = pytest.mark.once


def sends(client, data, content_type="application/json", **headers):
    return client.generic("POST", "/books", data, content_type=content_type, **headers)


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("path", ["", "/", "/nothing/here", "/users/me"])
def test_an_unknown_path_is_a_404(settings, debug, method, path):
    settings.DEBUG = debug
    response = getattr(Client(enforce_csrf_checks=True), method)(path)
    assert response.status_code == 404
    assert errors_of(response) == {None: "not_found"}


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("get", "/books?page=0", 400, "validation_error"),
        ("get", "/books?page=9", 404, "client_error"),
        ("get", "/books/0", 404, "client_error"),
        ("post", "/books", 400, "validation_error"),
        ("delete", "/books", 405, "client_error"),
    ],
)
def test_the_type_says_whose_error_it_is(librarian, method, path, status, kind):
    response = getattr(librarian, method)(path)
    assert (response.status_code, response.json()["type"]) == (status, kind)


def test_a_token_needs_no_csrf_cookie(db):
    client = Client(UserFactory(is_staff=True), enforce_csrf_checks=True)
    path = f"/tags/{client.post('/tags', {'name': 'One'}).json()['tag_id']}"
    assert client.put(path, {"name": "Two"}).json()["name"] == "Two"
    assert client.get(path).json()["name"] == "Two"
    assert client.delete(path).status_code == 204
    login = {"email": client.user.email, "password": PASSWORD}
    anonymous = Client(enforce_csrf_checks=True)
    assert anonymous.post("/auth/login", login).status_code == 200


@pytest.mark.parametrize("path", ["/books/", "/tags/", "/common/health-check/"])
def test_paths_end_without_a_slash(reader, path):
    assert reader.get(path).status_code == 404


@pytest.mark.parametrize("book_id", ["0", "999999", "9" * 30])
def test_an_unknown_book_is_a_404(reader, book_id):
    response = reader.get(f"/books/{book_id}")
    assert response.status_code == 404
    assert errors_of(response) == {None: "not_found"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/books"),
        ("post", "/books/1"),
        ("put", "/loans/1"),
        ("get", "/auth/login"),
        ("options", "/books/1"),
        ("patch", "/schema"),
        ("patch", "/docs"),
    ],
)
def test_a_wrong_method_is_a_405(librarian, method, path):
    response = getattr(librarian, method)(path)
    assert response.status_code == 405
    assert errors_of(response) == {None: "method_not_allowed"}
    assert response["Allow"]


@pytest.mark.parametrize("data", ["{", "", "[" * 60_000, '{"stock": NaN}', "\xff"])
def test_malformed_json_is_a_400(librarian, data):
    response = sends(librarian, data)
    assert response.status_code == 400
    assert errors_of(response)


def test_another_format_is_a_415(librarian):
    response = sends(librarian, "title=x", "application/x-www-form-urlencoded")
    assert response.status_code == 415
    assert errors_of(response) == {None: "unsupported_media_type"}


LIMIT = 64 * 1024


def test_a_huge_body_is_a_413(librarian):
    response = sends(librarian, '{"title": "T"}'.ljust(LIMIT + 1))
    assert response.status_code == 413
    assert errors_of(response) == {None: "content_too_large"}
    assert sends(librarian, '{"title": "T"}'.ljust(LIMIT)).status_code == 400


@pytest.mark.parametrize("path", ["/token/refresh", "/auth/login", "/users"])
def test_it_is_refused_unread_whatever_the_path(nobody, path):
    response = nobody.generic("POST", path, "[]," * LIMIT, "application/json")
    assert response.status_code == 413
    assert errors_of(response) == {None: "content_too_large"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("[" * 21 + "]" * 21, "parse_error"),
        ('{"a":' * 21 + "1" + "}" * 21, "parse_error"),
        ("[" * LIMIT, "parse_error"),
        ("[" * 20 + "]" * 20, "invalid"),
    ],
)
def test_json_is_nested_twenty_deep_at_most(librarian, data, expected):
    response = sends(librarian, data)
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["code"] == expected
    assert ("deeper than 20" in error["detail"]) == (expected == "parse_error")


def test_a_bracket_in_a_text_nests_nothing(librarian):
    book = BookFactory()
    title = '[{"\\' * 30
    response = librarian.patch(f"/books/{book.pk}", {"title": title})
    assert response.json()["title"] == title


def test_many_small_things_take_little_memory(librarian):
    bomb = f"[{'[],' * (LIMIT // 3 - 1)}[]]"[:LIMIT]
    tracemalloc.start()
    try:
        response = sends(librarian, bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.status_code == 400
    # Bytes. 2.4 MB of it once took a container of 256 MiB.
    assert peak < 128 * LIMIT


@pytest.mark.parametrize(
    "path",
    ["/schema", "/docs", "/users", "/loans", "/books", "/books/1", "/tags"]
    + ["/loans/1", "/loans/books/1", "/common/health-check"],
)
def test_a_thousand_and_one_parameters_are_no_500(librarian, path):
    response = librarian.get(f"{path}?{'a=1&' * 1001}")
    assert response.status_code in (200, 400, 404)
    if response.status_code != 200:
        assert errors_of(response)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_the_answer_is_json_whatever_is_accepted(reader, accept):
    response = reader.get("/books", HTTP_ACCEPT=accept)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_a_forged_host_is_a_400(reader, settings):
    settings.ALLOWED_HOSTS = ["library.example.com"]
    response = reader.get("/books", HTTP_HOST="evil.example.com")
    assert response.status_code == 400
    assert errors_of(response) == {None: "bad_request"}


@pytest.mark.parametrize("debug", [True, False])
def test_a_500_tells_nothing(reader, settings, monkeypatch, debug):
    settings.DEBUG = debug

    def fail(query):
        raise RuntimeError("SELECT secret FROM books_book")

    monkeypatch.setattr("books.selectors.find_books", fail)
    reader.raise_request_exception = False
    response = reader.get("/books")
    assert response.status_code == 500
    assert errors_of(response) == {None: "error"}
    assert b"secret" not in response.content


def test_text_is_utf_8(librarian):
    book = BookFactory(title="소년이 온다")
    assert "소년이 온다".encode() in librarian.get(f"/books/{book.pk}").content


def test_a_head_has_the_length_of_the_get_and_no_body(reader):
    for path in ("/books", "/nothing"):
        got, head = reader.get(path), reader.head(path)
        assert head.content == b""
        assert head.headers["Content-Length"] == str(len(got.content))
