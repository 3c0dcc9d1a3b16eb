"""A request is handed on when its last byte is here: as gunicorn's parser reads it."""

import gunicorn.http
import pytest
from gunicorn.config import Config
from hypothesis import given
from hypothesis import strategies as st

from config.incoming import HEAD_TOO_LARGE, MAX_BODY, MAX_HEAD, TOO_LARGE, Incoming
from config.pools import HEALTH, READ, WRITE, kind_of

pytestmark = pytest.mark.once

HEAD = b"POST /api/v1/books HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
bodies = st.binary(max_size=300)


def in_chunks(body, size):
    """Return a body as RFC 9112 frames it in chunks."""
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(p), p) for p in parts)


@st.composite
def requests(draw):
    """Return a request's bytes and its body."""
    body = draw(bodies)
    if not draw(st.booleans()):
        name = draw(st.sampled_from([b"Content-Length", b"content-length"]))
        return HEAD + name + b": %d\r\n\r\n%s" % (len(body), body), body
    trailers = draw(st.sampled_from([b"", b"X-Trailer: x\r\n"]))
    size = draw(st.integers(1, 400))
    return CHUNKED + in_chunks(body, size) + b"0\r\n" + trailers + b"\r\n", body


def read(data):
    """Return the body that gunicorn's parser reads from these bytes."""
    parser = gunicorn.http.get_parser(Config(), iter([data]), ("127.0.0.1", 1))
    return next(parser).body.read()


@given(requests(), st.data())
def test_it_is_whole_with_its_last_byte_and_not_before(made, data):
    sent, body = made
    cuts = data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=9))
    places = [0, *sorted(cuts), len(sent)]
    incoming = Incoming()
    *early, last = [
        incoming.add(sent[start:end])
        for start, end in zip(places, places[1:], strict=False)
    ]
    assert not any(early) and last and not incoming.refusal
    assert read(bytes(incoming.data)) == body


@given(requests())
def test_each_byte_alone_says_the_same(made):
    sent, _ = made
    incoming = Incoming()
    said = [incoming.add(bytes([byte])) for byte in sent]
    assert said == [False] * (len(sent) - 1) + [True]


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD, HEAD_TOO_LARGE),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1), TOO_LARGE),
        (HEAD + b"Content-Length: 999999999999999999\r\n\r\n", TOO_LARGE),
        (CHUNKED + b"%x\r\n" % (MAX_BODY + 1), TOO_LARGE),
        (CHUNKED + in_chunks(b"x" * MAX_BODY, 1000) + b"1\r\n", TOO_LARGE),
        # Nothing but framing.
        (CHUNKED + b"1;" + b"x" * 3 * MAX_BODY, TOO_LARGE),
    ],
)
def test_what_is_too_large_is_refused_before_it_has_come(sent, refusal):
    incoming = Incoming()
    assert not incoming.add(sent)
    assert incoming.refusal == refusal


@pytest.mark.parametrize("framed", [b"x\r\n", b"-5\r\n", b"\r\n", b"0x5\r\n"])
def test_what_is_no_framing_is_left_to_the_parser(framed):
    assert Incoming().add(CHUNKED + framed)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"GET /api/v1/common/health-check HTTP/1.1\r\n", HEALTH),
        (b"HEAD /api/v1/common/health-check?a=b HTTP/1.1\r\n", HEALTH),
        (b"GET /api/v1/common/health-checks HTTP/1.1\r\n", READ),
        (b"POST /api/v1/common/health-check HTTP/1.1\r\n", WRITE),
        (b"GET /api/v1/books HTTP/1.1\r\n", READ),
        (b"DELETE /api/v1/books/1 HTTP/1.1\r\n", WRITE),
        (b"", WRITE),
    ],
)
def test_each_kind_of_request_has_threads_of_its_own(start, kind):
    assert kind_of(start) == kind
