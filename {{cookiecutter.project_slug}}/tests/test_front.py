"""One reading of a request: no reader can change what another one reads."""

from contextlib import nullcontext
from wsgiref.validate import check_environ

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.test import RequestFactory
from django.urls import path
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle

from books.views import BookList
from caching.dependencies import Row, Table
from caching.requests import read_request
from caching.responses import VARY, call, storable
from caching.views import Cached, CachedReads, SharedReader
from config.urls import urlpatterns as usual
from loans.views import LoanList
from tests.caches import empty, result_of
from tests.factories import BookFactory, LoanFactory, TagFactory
from users.views import UserList

pytestmark = pytest.mark.once

# What a request may have about it that decides no answer.
ODD = {
    "a charset that hides a parameter": {"content_type": "text/plain; charset=utf-7"},
    "a charset of two bytes": {"content_type": "text/plain; charset=utf-16"},
    "a codec that is no text": {"content_type": "text/plain; charset=zlib"},
    "no charset at all": {"content_type": "text/plain; charset=none-such"},
    "a prefix of the server's": {"SCRIPT_NAME": "/evil"},
    "a forwarded prefix": {"HTTP_X_FORWARDED_PREFIX": "/evil"},
    "a forwarded host": {"HTTP_X_FORWARDED_HOST": "evil.example"},
    "a forwarded scheme": {"HTTP_X_FORWARDED_PROTO": "https"},
    "a host in capitals": {"HTTP_HOST": "LOCALHOST"},
    "a port that is too large": {"HTTP_HOST": "localhost:99999"},
    "another method": {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
    "another format": {"HTTP_ACCEPT": "text/html"},
    "another language": {"HTTP_ACCEPT_LANGUAGE": "ko"},
    "a part of it": {"HTTP_RANGE": "bytes=0-1"},
    "a cookie": {"HTTP_COOKIE": "sessionid=evil; csrftoken=evil"},
    "an origin": {"HTTP_ORIGIN": "https://evil.example"},
    "a body": {"CONTENT_LENGTH": "5", "content_type": "application/json"},
}
# What may differ between two answers that are the same.
UNLIKE = ("X-Cache", "X-Request-ID")
QUERIES = ["", "?+AHQ-itle=nothing", "?title=bridge", "?t%69tle=none", "?title=%ff"]
PATHS = ["/books", "/books/00{book}", "/tags/0{tag}", "/loans?page=1", "/none?x=1"]


@pytest.fixture
def library(transactional_db):
    tag = TagFactory()
    return {"book": BookFactory(title="A bridge", tags=[tag]).pk, "tag": tag.pk}


def uncached(client, path):
    """Return the status, the headers and the bytes of an answer without the cache."""
    with transaction.atomic():
        return compared(client.get(path))


def compared(response):
    headers = {k: v for k, v in response.headers.items() if k not in UNLIKE}
    return response.status_code, headers, response.content


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_request_changes_nobodys_list(store, library, reader, other_reader, odd):
    plain = [f"/books{each}" for each in QUERIES]
    right = {each: uncached(other_reader, each) for each in plain}
    for query in QUERIES:
        empty()
        for _ in range(2):
            reader.get(f"/books{query}", **odd)
        for each in plain:
            assert compared(other_reader.get(each)) == right[each]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_request_gets_no_error_of_ours(store, library, reader, odd):
    for asked in PATHS:
        response = reader.get(asked.format(**library), **odd)
        assert response.status_code < 500


def test_a_hit_is_the_miss_header_by_header(store, library, reader):
    for asked in ("/books", f"/books/{library['book']}", "/tags"):
        answers = [reader.get(asked) for _ in range(2)]
        assert [result_of(answer) for answer in answers] == ["MISS", "HIT"]
        assert compared(answers[0]) == compared(answers[1]) == uncached(reader, asked)


def test_another_spelling_of_a_path_is_the_same_entry(store, library, reader):
    asked = f"/books/{library['book']}"
    assert result_of(reader.get(asked)) == "MISS"
    assert result_of(reader.get(asked.replace("books/", "books/000"))) == "HIT"


def test_the_schemes_name_in_authorization_ignores_case(store, library, reader):
    token = reader._credentials["HTTP_AUTHORIZATION"].partition(" ")[2]
    for name in ("bearer", "BEARER", "bEaReR"):
        reader.credentials(HTTP_AUTHORIZATION=f"{name} {token}")
        assert reader.get("/tags").status_code == 200
        assert reader.get("/loans").status_code == 200


@pytest.mark.parametrize(
    ("scheme", "host", "port"),
    [
        ("http", "testserver", "80"),
        ("https", "testserver", "443"),
        ("http", "testserver:8000", "8000"),
        ("https", "testserver:8443", "8443"),
    ],
)
def test_a_view_is_asked_at_the_address_that_was_asked(scheme, host, port):
    asked = {"HTTP_HOST": host, "wsgi.url_scheme": scheme, "SCRIPT_NAME": "/below"}
    came = RequestFactory().get("/api/v1/books", SERVER_PORT="1", **asked)
    environ = read_request(came.environ).environ()
    check_environ(environ)
    request = WSGIRequest(environ)
    seen = (request.scheme, request.get_host(), request.headers["Host"])
    assert seen == (scheme, host, host)
    assert (request.get_port(), request.path) == (port, "/below/api/v1/books")


@pytest.mark.parametrize("fails", [False, True])
def test_the_body_of_an_answer_is_closed(fails):
    """Then Django's request ends, with its database connections."""
    closed = []

    class Body:
        def __iter__(self):
            yield b"two"
            if fails:
                raise ZeroDivisionError

        def close(self):
            closed.append(self)

    def application(environ, start_response):
        start_response("200 OK", [("A", "b")])(b"one ")
        return Body()

    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        assert call(application, {}) == ("200 OK", (("A", "b"),), b"one two")
    assert len(closed) == 1


class SharedLoans(CachedReads, LoanList):
    """What a student writes who wants loans cached, too."""

    cached = Cached("loans", Table("books"))


class OwnLoans(SharedLoans):
    """The same, with an answer for each reader."""

    cached = Cached("own-loans", Table("books"), per_reader=True)


class Whoever(CachedReads, GenericAPIView):
    """Tells who asks."""

    cached = Cached("whoever", Table("books"))

    def get(self, request, what):
        """Answer with what the reader is said to be."""
        ways = {
            "name": lambda user: user.username,
            "number": lambda user: user.pk,
            "text": str,
            "same": lambda user: user == 7,
            "key": hash,
            "session": lambda user: request._request.user.username,
        }
        return Response(ways[what](request.user))


class Crumbs(CachedReads, GenericAPIView):
    """Sets a cookie."""

    cached = Cached("crumbs", Table("books"))

    def get(self, request):
        """Answer with a cookie."""
        response = Response({})
        response.set_cookie("crumb", "a reader's own")
        return response


urlpatterns = [
    path("api/v1/shared-loans", SharedLoans.as_view()),
    path("api/v1/own-loans", OwnLoans.as_view()),
    path("api/v1/whoever/<what>", Whoever.as_view()),
    path("api/v1/crumbs", Crumbs.as_view()),
    *usual,
]


@pytest.fixture
def extended(settings):
    settings.ROOT_URLCONF = __name__


def test_a_shared_answer_can_not_be_one_readers_own(
    store, extended, transactional_db, reader, other_reader, caplog
):
    LoanFactory(user=reader.user)
    for client in (reader, other_reader, reader):
        client.raise_request_exception = False
        assert client.get("/shared-loans").status_code == 500
    assert "per_reader=True" in caplog.text


@pytest.mark.parametrize("what", ["name", "number", "text", "same", "key", "session"])
def test_nothing_is_known_of_a_shared_answers_reader(
    store, extended, transactional_db, reader, what
):
    with pytest.raises(ImproperlyConfigured, match="per_reader=True"):
        reader.get(f"/whoever/{what}")


def test_each_reader_has_answers_of_their_own_if_the_view_says_so(
    store, extended, transactional_db, reader, other_reader, librarian
):
    loan = LoanFactory(user=reader.user)
    for expected in ("MISS", "HIT"):
        mine = reader.get("/own-loans")
        assert result_of(mine) == expected
        assert [one["loan_id"] for one in mine.json()["results"]] == [loan.pk]
        assert other_reader.get("/own-loans").json()["count"] == 0
        assert librarian.get("/own-loans").json()["count"] == 1


def test_what_a_reader_may_see_changes_with_the_reader(
    store, extended, transactional_db, reader, other_reader
):
    LoanFactory(user=other_reader.user)
    assert reader.get("/own-loans").json()["count"] == 0
    reader.user.is_staff = True
    reader.user.save()
    assert reader.get("/own-loans").json()["count"] == 1


def test_an_answer_with_a_cookie_is_its_askers_alone(
    store, extended, transactional_db, reader, other_reader
):
    for client in (reader, other_reader):
        response = client.get("/crumbs")
        assert "crumb=" in response.headers["Set-Cookie"]
        assert "X-Cache" not in response.headers


class Moody(BasePermission):
    """Lets in whom it likes."""


class Throttled(BookList):
    """The list, throttled."""

    throttle_classes = (AnonRateThrottle,)


class Private(BookList):
    """The list, for some."""

    permission_classes = (AllowAny, Moody)


class Combined(BookList):
    """The list, for some others."""

    permission_classes = (AllowAny & Moody,)


class Computed(BookList):
    """The list, for whom a method chooses."""

    def get_permissions(self):
        """Return nothing that could be known beforehand."""
        return []


class Librarians(CachedReads, UserList):
    """The librarians' list of users."""

    cached = Cached("users", Table("users"))


class Silent(CachedReads, GenericAPIView):
    """Says nothing."""


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (Private, "Moody"),
        (Combined, "a combined permission"),
        (Computed, "get_permissions"),
        (Librarians, "has throttles"),
        (Throttled, "has throttles"),
        (Silent, "has no line `cached = Cached(...)`"),
    ],
)
def test_a_view_that_can_not_be_cached_is_refused_in_one_line(view, told):
    with pytest.raises(ImproperlyConfigured) as error:
        view.as_view()
    message = str(error.value)
    assert view.__name__ in message and told in message
    assert "\n" not in message


def test_a_row_that_the_url_does_not_name_is_refused():
    with pytest.raises(KeyError):
        Cached("x", Row("books", "book_id")).read("", "", "", {})


@pytest.mark.django_db(transaction=True)
def test_an_api_below_a_prefix_has_entries_of_its_own(store, reader):
    BookFactory.create_batch(2)
    for prefix in ("/library", ""):
        answers = [
            reader.get("/books?page_size=1", SCRIPT_NAME=prefix) for _ in range(2)
        ]
        assert [answer["X-Cache"] for answer in answers] == ["MISS", "HIT"]
        assert {answer["ETag"] for answer in answers} == {answers[0]["ETag"]}
        for answer in answers:
            assert f"testserver{prefix}/api/v1/books?" in answer.json()["next"]


@pytest.mark.parametrize(
    "name",
    "Cache-Control Connection Content-Encoding Content-Length Date ETag Keep-Alive"
    " Server Transfer-Encoding X-Cache".split(),
)
def test_what_is_decided_when_an_answer_is_sent_is_not_stored(name):
    kept = ("Content-Language", "ko")
    assert storable(((name, "x"), kept)) == (kept, ("Vary", VARY))


def test_the_reader_who_stands_for_all_is_a_reader_of_whom_nothing_is_known():
    reader = SharedReader()
    known = (reader.is_authenticated, reader.is_anonymous, reader.is_active)
    assert known == (True, False, True)
    for ask in (lambda: reader.email, lambda: reader == reader, lambda: hash(reader)):
        with pytest.raises(ImproperlyConfigured, match="all readers share the answer"):
            ask()
