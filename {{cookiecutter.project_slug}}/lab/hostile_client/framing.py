"""Mutations of the method, the body, and how the message is framed."""

from lab.hostile_client.message import Message

METHODS = (
    *(b"HEAD", b"OPTIONS", b"POST", b"PUT", b"PATCH", b"DELETE", b"TRACE", b"PURGE"),
    *(
        b"PROPFIND",
        b"get",
        b"Get",
        b"GET\xc9",
        b"G" * 300,
        b"CONNECT",
        b"",
        b"GE T",
        b"*",
    ),
)
# None of them is accepted by any endpoint that a reader may use.
BODIES = (
    *(b"{}", b"[]", b"null", b"title=nothing", b'{"title": "evil"}', b"{", b"\xff\xfe"),
    *(b"_method=DELETE", b"--x\r\n\r\n--x--", b"+AHQ-itle=nothing", b" ", b"[" * 2000),
    *(b'{"page": 2}', b"x" * 70_000, b"GET /api/v1/tags HTTP/1.1\r\n\r\n", b"\x1f\x8b"),
)
SMUGGLED = b"GET /api/v1/tags HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
LENGTHS = (
    *(
        b"0",
        b"-1",
        b"+5",
        b"5, 5",
        b"5 5",
        b"0x5",
        b"",
        b"x",
        b"1" * 30,
        b"1000000",
        b"05",
    ),
)
CODINGS = (
    *(b"chunked", b"Chunked", b"identity", b"gzip, chunked", b"chunked, chunked", b"x"),
    *(b" chunked", b"chunked;q=1", b"xchunked", b"", b"chunked\x0b", b"\tchunked"),
)
CHUNKS = (
    *(b"2\r\n{}\r\n0\r\n\r\n", b"0\r\n\r\n", b"2;x=1\r\n{}\r\n0\r\nX: 1\r\n\r\n"),
    *(
        b"02\r\n{}\r\n0\r\n\r\n",
        b"x\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n\r\n",
        b"2\n{}\n0\n\n",
    ),
    *(b"FFFFFFFFFFFFFFFFF\r\n", b"3\r\n{}\r\n0\r\n\r\n", b"2\r\n{}", b"", b"0\r\n"),
)
VERSIONS = (
    *(b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1", b""),
    *(b"HTTP/11", b"ICY/1.1", b"HTTP/1.1 ", b"HTTP/1.1x"),
)


def method(rng, message: Message) -> None:
    """Use another method."""
    message.method = rng.choice(METHODS)


def body(rng, message: Message) -> None:
    """Send a body, as is not usual with a GET."""
    message.send_body(rng.choice(BODIES))
    if rng.random() < 0.3:
        message.set(b"Content-Type", b"application/json")


def expectation(rng, message: Message) -> None:
    """Expect something of the server before the body."""
    expected = (b"100-continue", b"100-Continue", b"evil", b"", b"100-continue, x")
    message.set(b"Expect", rng.choice(expected))


def framing(rng, message: Message) -> None:
    """Say something odd about where the message begins and ends."""
    message.alone = True
    if rng.random() < 0.8:
        message.set(b"Connection", b"close")
    rng.choice((_lengths, _chunks, _both, _version, _lines, _more))(rng, message)


def _lengths(rng, message):
    message.body = message.body or b"{}"
    message.headers.append((b"Content-Length", rng.choice(LENGTHS)))


def _chunks(rng, message):
    message.drop(b"Content-Length")
    message.headers.append((b"Transfer-Encoding", rng.choice(CODINGS)))
    message.body = rng.choice(CHUNKS)


def _both(rng, message):
    message.body = rng.choice(CHUNKS) + rng.choice((b"", SMUGGLED))
    length = rng.choice((len(message.body), 0, 4))
    message.headers.append((b"Content-Length", str(length).encode()))
    message.headers.append((b"Transfer-Encoding", rng.choice(CODINGS)))


def _version(rng, message):
    message.version = rng.choice(VERSIONS)


def _lines(rng, message):
    message.line_end = rng.choice((b"\n", b"\r", b"\r\r\n", b"\n\r"))


def _more(rng, message):
    before = (b"\r\n", b"\r\n\r\n\r\n", b"\n", b" ", b"\x00", b"\x16\x03\x01", b"")
    message.before, message.after = rng.choice(before), rng.choice((b"", SMUGGLED))
