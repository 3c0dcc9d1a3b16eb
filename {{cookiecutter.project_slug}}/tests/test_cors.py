"""CORS: web pages of the origins in CORS_ALLOWED_ORIGINS may use the API."""

import pytest

from tests.caches import result_of
from tests.factories import TagFactory

pytestmark = pytest.mark.once

PAGE, OTHER = "https://books.example.com", "http://localhost:5173"
ALLOWED = "Access-Control-Allow-Origin"
PREFLIGHT = {
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PATCH",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization,content-type,if-match",
}
# What is no origin that a browser sends.
WRONG = ["https://evil.example", "null", "", f"{PAGE}/", f"{PAGE}:443", PAGE.upper()]


@pytest.fixture(autouse=True)
def allowed(settings):
    settings.CORS_ALLOWED_ORIGINS = {PAGE, OTHER}


def words(response, name):
    return {each.strip().lower() for each in response.headers[name].split(",")}


def may_read(response, origin):
    """Return whether a browser gives the answer to a page of this origin."""
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "origin" in words(response, "Vary")
    return response.headers.get(ALLOWED) == origin


@pytest.mark.parametrize("path", ["/books", "/auth/login", "/none"])
def test_a_preflight_needs_no_token(nobody, path):
    answer = nobody.options(path, HTTP_ORIGIN=PAGE, **PREFLIGHT)
    assert answer.status_code == 204 and answer.content == b""
    assert may_read(answer, PAGE)
    assert "patch" in words(answer, "Access-Control-Allow-Methods")
    assert words(answer, "Access-Control-Allow-Headers") == {
        "authorization",
        "content-type",
        "if-match",
        "if-none-match",
    }


@pytest.mark.parametrize("origin", WRONG)
def test_other_origins_get_no_leave(nobody, origin):
    for method in (nobody.options, nobody.get):
        answer = method("/books", HTTP_ORIGIN=origin, **PREFLIGHT)
        assert answer.status_code == 401
        assert ALLOWED not in answer.headers and may_read(answer, None)
        assert not any(name.startswith("Access-Control") for name in answer.headers)


def test_hits_are_for_whoever_asks(store, reader, other_reader):
    etag = reader.get("/tags").headers["ETag"]
    for origin in (PAGE, OTHER, PAGE):
        hit = other_reader.get("/tags", HTTP_ORIGIN=origin)
        assert result_of(hit) == "HIT" and may_read(hit, origin)
        same = reader.get("/tags", HTTP_ORIGIN=origin, HTTP_IF_NONE_MATCH=etag)
        assert same.status_code == 304 and may_read(same, origin)
    for unlike in ({}, {"HTTP_ORIGIN": "https://evil.example"}):
        assert ALLOWED not in reader.get("/tags", **unlike).headers


def test_a_miss_stores_no_origin(store, reader, other_reader):
    TagFactory()
    miss = reader.get("/tags", HTTP_ORIGIN=PAGE)
    assert result_of(miss) == "MISS" and may_read(miss, PAGE)
    hit = other_reader.get("/tags")
    assert result_of(hit) == "HIT" and may_read(hit, None)
    assert words(miss, "Vary") == words(hit, "Vary")


def test_a_page_may_read_errors_and_what_they_say(store, nobody, reader, librarian):
    answers = {
        401: nobody.get("/books", HTTP_ORIGIN=PAGE),
        404: reader.get("/books/999", HTTP_ORIGIN=PAGE),
        400: reader.get("/books?page=x", HTTP_ORIGIN=PAGE),
        403: reader.post("/tags", {"name": "x"}, HTTP_ORIGIN=PAGE),
        201: librarian.post("/tags", {"name": "x"}, HTTP_ORIGIN=PAGE),
    }
    for status, answer in answers.items():
        assert answer.status_code == status and may_read(answer, PAGE)
        shown = words(answer, "Access-Control-Expose-Headers")
        assert shown == {"etag", "location", "retry-after", "x-cache", "x-request-id"}


def test_without_a_setting_nothing_is_added(store, reader, nobody, settings):
    settings.CORS_ALLOWED_ORIGINS = frozenset()
    for _ in ("miss", "hit"):
        answer = reader.get("/tags", HTTP_ORIGIN=PAGE)
        assert "origin" not in words(answer, "Vary")
        assert not any(name.startswith("Access-Control") for name in answer.headers)
    assert nobody.options("/tags", HTTP_ORIGIN=PAGE, **PREFLIGHT).status_code == 401
