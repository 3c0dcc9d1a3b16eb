"""Every error has one shape, and no path has another spelling."""

import httpx
import pytest

from .accounts import Account, client_of
from .shapes import error, ok
from .things import book_fields

# Each path of the contract with the methods it has.
METHODS = {
    "/common/health-check": {"GET"},
    "/users": {"GET", "POST"},
    "/users/1": {"GET"},
    "/auth/login": {"POST"},
    "/auth/logout": {"POST"},
    "/auth/logout-all": {"POST"},
    "/auth/password": {"POST"},
    "/token/refresh": {"POST"},
    "/books": {"GET", "POST"},
    "/books/1": {"GET", "PUT", "PATCH", "DELETE"},
    "/books/1/tags": {"GET"},
    "/tags": {"GET", "POST"},
    "/tags/1": {"GET", "PUT", "DELETE"},
    "/loans": {"GET", "POST"},
    "/loans/1": {"GET", "PATCH"},
    "/loans/books/1": {"GET"},
    "/schema": {"GET"},
    "/docs": {"GET"},
}
PUBLIC = {
    ("GET", "/common/health-check"),
    ("POST", "/users"),
    ("POST", "/auth/login"),
    ("POST", "/token/refresh"),
    ("GET", "/schema"),
    ("GET", "/docs"),
}
ALL = {(method, path) for path, methods in METHODS.items() for method in methods}
NOT_ALLOWED = sorted(
    (method, path)
    for path, methods in METHODS.items()
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods
)


@pytest.fixture(scope="session")
def service(services):
    """On one database: none has a say in this."""
    return services("sqlite")


@pytest.mark.parametrize("method, path", sorted(ALL - PUBLIC))
def test_everything_else_needs_a_token(stranger, method, path):
    response = stranger.request(method, path)

    error(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method, path", sorted(PUBLIC))
def test_what_is_public_needs_none(stranger, method, path):
    assert stranger.request(method, path).status_code in (200, 400)


@pytest.mark.parametrize("method, path", NOT_ALLOWED)
def test_any_other_method_is_not_allowed(librarian, method, path):
    response = librarian.request(method, path)

    error(response, 405)
    allowed = set(response.headers["Allow"].replace(" ", "").split(","))
    assert allowed - {"HEAD", "OPTIONS"} == METHODS[path]


@pytest.mark.parametrize("path", METHODS)
def test_no_path_ends_in_a_slash(librarian, path):
    error(librarian.get(f"{path}/"), 404)


@pytest.mark.parametrize("path", ["/", "/nothing", "/books/1/nothing", "/boоks"])
def test_an_unknown_path_is_not_found(stranger, reader, path):
    error(stranger.get(path), 404)
    error(reader.get(path), 404)


@pytest.mark.parametrize("path", [p for p, has in METHODS.items() if "GET" in has])
def test_very_many_parameters_are_no_server_error(librarian, path):
    """A body larger than Django's limit."""
    response = librarian.get(f"{path}?{'a&' * 1001}")

    assert response.status_code in (200, 400, 404)
    if response.status_code != 200:
        error(response, response.status_code)


def test_a_path_outside_the_api_is_not_found(service):
    error(httpx.get(f"{service.url}/nothing", trust_env=False), 404)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded"],
)
def test_only_json_is_taken(librarian, content_type):
    response = librarian.post(
        "/tags", content=b"name=x", headers={"Content-Type": content_type}
    )

    error(response, 415)


@pytest.mark.parametrize(
    "malformed",
    [
        b"",
        b"{",
        b'{"name": }',
        b"{'name': 'x'}",
        b'{"name": "\xff\xfe"}',
        b'{"name": NaN}',
        b"[" * 60_000,
        b'{"name":' * 7_000,
    ],
    ids=["empty", "cut", "hole", "quotes", "bytes", "nan", "deep", "deeper"],
)
def test_malformed_json_is_refused(librarian, malformed):
    error(post_raw(librarian, "/tags", malformed), 400)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b"true"])
@pytest.mark.parametrize("path", ["/tags", "/books", "/loans"])
def test_json_that_is_no_object_is_refused(librarian, path, body):
    error(post_raw(librarian, path, body), 400)


@pytest.mark.parametrize("path", ["/users", "/auth/login", "/token/refresh"])
@pytest.mark.parametrize("body", [b"{", b"[]", b"null"])
def test_the_public_paths_refuse_it_too(stranger, path, body):
    error(post_raw(stranger, path, body), 400)


def test_half_a_character_is_refused(librarian):
    """Valid JSON that can't be encoded in UTF-8."""
    error(post_raw(librarian, "/tags", rb'{"name": "x\ud800"}'), 400, names="name")


def test_a_very_large_body_is_refused(service, librarian):
    body = b'{"name": "' + b"x" * 5_000_000 + b'"}'
    # On a connection of its own: the server may close it rather than read on.
    with client_of(service.url) as client:
        person = Account(client, access_token=librarian.access_token)
        response = post_raw(person, "/tags", body)

    assert response.status_code in (400, 413)
    error(response, response.status_code)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*"])
def test_errors_are_json_whatever_is_accepted(stranger, reader, accept):
    headers = {"Accept": accept}

    error(stranger.get("/books", headers=headers), 401)
    error(reader.get("/books/999999999", headers=headers), 404)
    error(stranger.get("/nothing", headers=headers), 404)
    ok(reader.get("/books?page_size=1", headers=headers))


def test_a_foreign_host_is_refused(service):
    with client_of(service.url) as client:
        error(client.get("/common/health-check", headers={"Host": "evil.example"}), 400)


def test_a_head_request_gets_no_body(reader):
    response = reader.request("HEAD", "/books?page_size=1")

    assert response.status_code == 200
    assert response.content == b""


def test_every_bad_field_is_named_at_once(librarian):
    fields = book_fields(isbn="1", title="", stock=-1)

    errors = error(librarian.post("/books", json=fields), 400)

    assert {each["attr"] for each in errors} == {"isbn", "title", "stock"}


def post_raw(person, path, body):
    headers = {"Content-Type": "application/json"}
    return person.post(path, content=body, headers=headers)
