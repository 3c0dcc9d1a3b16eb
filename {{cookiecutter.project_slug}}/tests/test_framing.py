"""A body means the same however it is sent, by a real server."""

import contextlib
import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests import live

LIBRARIAN = {"email": "boss@example.com", "password": "a long unlikely phrase"}
TYPED = json.dumps({"title": "A new title"}).encode()
CHUNKED = "Transfer-Encoding: chunked"

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve one book; yield the API's address and a librarian's token."""
    with live.database(tmp_path_factory.mktemp("live")) as url:
        env = live.environment(url)
        live.manage("migrate", "--verbosity=0", env=env)
        live.manage("seed_library", "--books", "1", env=env)
        live.create_superuser(env=env, **LIBRARIAN)
        with live.gunicorn(env) as (address, _):
            yield urlsplit(address), live.log_in(address, **LIBRARIAN)


def in_chunks(body, size=7):
    """Return a body as RFC 9112 frames it in chunks."""
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


@pytest.fixture
def book(server):
    """Return a way to send things to the one book's address."""
    return Book(*server)


class Book:
    """The one book, over a connection of its own for each request."""

    def __init__(self, address, token):
        self.address, self.token = address, token
        self.path = f"{address.path}/books/"
        answer = self.send("GET", path=f"{address.path}/books")[1]
        self.path += str(answer["results"][0]["book_id"])

    @property
    def title(self):
        """Return the title that a reader sees."""
        return self.send("GET")[1]["title"]

    def send(self, method, *headers, body=b"", path=None):
        """Send bytes as they are; return the status and the JSON of the answer."""
        with self.connection() as connection:
            connection.sendall(self.head(method, headers, path) + body)
            connection.shutdown(socket.SHUT_WR)
            return read_answer(connection)

    def connection(self):
        """Return a new connection."""
        where = (self.address.hostname, self.address.port)
        return socket.create_connection(where, timeout=60)

    def head(self, method, headers=(), path=None):
        """Return the bytes before a body."""
        lines = [f"{method} {path or self.path} HTTP/1.1"]
        lines += [f"Host: {self.address.netloc}", "Content-Type: application/json"]
        lines += [f"Authorization: Bearer {self.token}", *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_answer(connection):
    """Return an answer's status and its JSON; as text, if it is none."""
    with contextlib.closing(http.client.HTTPResponse(connection)) as answer:
        answer.begin()
        body = answer.read()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(body) if is_json else body.decode()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_in_chunks_means_the_same(book, size):
    typed = json.dumps({"title": f"In chunks of {size}"}).encode()
    status, answer = book.send("PATCH", CHUNKED, body=in_chunks(typed, size))
    assert (status, answer["title"]) == (200, f"In chunks of {size}")
    assert book.title == f"In chunks of {size}"


def test_extensions_and_trailers_say_nothing(book):
    typed = json.dumps({"title": "Extended"}).encode()
    body = b"%x;a=b\r\n%s\r\n0\r\nX-Trailer: x\r\n\r\n" % (len(typed), typed)
    assert book.send("PATCH", CHUNKED, body=body)[0] == 200
    assert book.title == "Extended"


def test_after_chunks_the_connection_goes_on(book):
    typed = json.dumps({"title": "Kept alive"}).encode()
    with book.connection() as connection:
        connection.sendall(book.head("PATCH", [CHUNKED]) + in_chunks(typed))
        assert read_answer(connection)[0] == 200
        connection.sendall(book.head("GET"))
        assert read_answer(connection)[1]["title"] == "Kept alive"


def test_a_body_in_chunks_has_the_same_limit(book):
    before, length = book.title, settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    typed = b'{"title": "T"}'.ljust(length + 1)
    status, answer = book.send("PATCH", CHUNKED, body=in_chunks(typed, 65536))
    assert (status, answer["errors"][0]["code"]) == (413, "content_too_large")
    assert book.title == before


LENGTH = f"Content-Length: {len(TYPED)}"
WHOLE = in_chunks(TYPED)


# What is no HTTP is refused by the server, before there is an API: in its own words.
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param([CHUNKED], b"x\r\n" + TYPED + b"\r\n0\r\n\r\n", id="no size"),
        pytest.param([CHUNKED], b"-5\r\n" + TYPED + b"\r\n0\r\n\r\n", id="minus"),
        pytest.param([CHUNKED], b"3\r\n" + TYPED + b"\r\n0\r\n\r\n", id="short"),
        pytest.param([LENGTH, CHUNKED], WHOLE, id="both"),
        pytest.param([CHUNKED, LENGTH], WHOLE, id="both, the other way round"),
        pytest.param([CHUNKED, CHUNKED], WHOLE, id="twice"),
        pytest.param([LENGTH, "Content-Length: 1"], TYPED, id="two lengths"),
    ],
)
def test_what_is_framed_wrongly_is_refused_and_ends_the_connection(book, headers, body):
    before = book.title
    hidden = book.head("PATCH", [LENGTH]) + TYPED
    with book.connection() as connection:
        connection.sendall(book.head("PATCH", headers) + body + hidden)
        assert read_answer(connection)[0] == 400
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            read_answer(connection)
    assert book.title == before


@pytest.mark.parametrize(
    "left", [0, 1, len(WHOLE) // 2, len(WHOLE) - 5, len(WHOLE) - 1]
)
def test_chunks_that_are_cut_off_change_nothing(book, left):
    before = book.title
    # The peer has gone, so there may be no answer to it.
    with contextlib.suppress(http.client.RemoteDisconnected, ConnectionError):
        assert book.send("PATCH", CHUNKED, body=WHOLE[:left])[0] == 400
    assert book.title == before


def test_less_than_its_length_changes_nothing(book):
    before = book.title
    assert book.send("PATCH", LENGTH, body=TYPED[:-3])[0] == 400
    assert book.title == before
