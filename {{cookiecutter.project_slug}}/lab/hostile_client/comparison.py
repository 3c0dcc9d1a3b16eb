"""What is compared of two answers, and the answers that are right."""

import json
from collections.abc import Callable
from typing import NamedTuple

from lab.harness.clients import Answer
from lab.hostile_client.message import Target
from lab.hostile_client.wire import Wire

# What may differ: when it was answered, from where, and what becomes of the connection.
IGNORED = {"date", "x-cache", "connection", "keep-alive", "x-request-id"}
# What may differ between the two encodings of one answer.
OF_THE_ENCODING = {"content-encoding", "content-length", "etag", "transfer-encoding"}
# For a transfer coding or a version of HTTP that is not known (RFC 9110, 15.6).
NOT_SUPPORTED = {501, 505}
# A header that Django puts on every answer.
OF_THE_API = "X-Content-Type-Options"
PLAIN = (b"gzip", b"identity")
# Asks for a target, accepting this encoding.
Ask = Callable[[bytes, bytes], Answer]


class Visible(NamedTuple):
    """All that a client sees of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def without(self, names: set[str]) -> "Visible":
        """Return it without these headers."""
        kept = tuple(pair for pair in self.headers if pair[0] not in names)
        return self._replace(headers=kept)

    def difference(self, right: "Visible") -> str:
        """Return what differs from the right answer, in words; empty if nothing."""
        if self.status != right.status:
            return f"status {self.status}, not {right.status}"
        if self.headers != right.headers:
            differing = set(self.headers) ^ set(right.headers)
            return f"headers: {', '.join(sorted({name for name, _ in differing}))}"
        return "" if self.body == right.body else "the body"


def visible(answer: Answer) -> Visible:
    """Return what a client sees of an answer."""
    lines = answer.head.decode("latin-1").split("\r\n")[1:]
    pairs = [line.partition(":") for line in lines]
    headers = sorted((name.lower(), value.strip()) for name, _, value in pairs)
    kept = tuple(pair for pair in headers if pair[0] not in IGNORED)
    return Visible(answer.status, kept, answer.body)


def ask_plainly(wire: Wire, token: str, target: bytes, encoding: bytes) -> Answer:
    """Return the answer to a request that nobody would find odd.

    Raises Unreadable, and OSError if there is no answer.
    """
    lines = (
        b"GET " + target + b" HTTP/1.1",
        b"Host: localhost",
        b"Authorization: Bearer " + token.encode(),
        b"Accept-Encoding: " + encoding,
    )
    answers = wire.ask(b"\r\n".join((*lines, b"", b"")), b"GET")
    if not answers:
        raise ConnectionError("the server closed the connection")
    return answers[0]


def problem_of(answer: Answer, proxied: bool = False, broken: bool = False) -> str:
    """Return what is wrong with an answer, whatever was asked; empty if nothing.

    `proxied` says that the answer may be a proxy's own, `broken` that the request may
    have no end.
    """
    supported = answer.status not in NOT_SUPPORTED
    if proxied and not answer.header(OF_THE_API):
        # How a proxy says that it refuses is its own affair.
        supported = supported and not broken
        return f"status {answer.status}" if supported and answer.status >= 500 else ""
    if supported and answer.status >= 500:
        return f"status {answer.status}"
    kind = answer.header("Content-Type").lower()
    if "html" in kind:
        return f"HTML, status {answer.status}"
    if not answer.sent:
        return ""
    if kind.partition(";")[0] != "application/json":
        return f"{kind or 'no type'}, status {answer.status}"
    try:
        json.loads(answer.body)
    except ValueError:
        return f"no JSON, status {answer.status}"
    return ""


class Truth:
    """The right answers: of a server without a cache, or made before anything odd came.

    The library never changes, so each target has one right answer.
    """

    def __init__(self, ask: Ask, renew: Callable[[], None] | None = None) -> None:
        """`ask` asks plainly for a target; `renew` empties what it may be served."""
        self.ask_plainly, self.renew = ask, renew
        self.known: dict[tuple[bytes, bytes], Visible] = {}

    def learn(self, targets: list[Target]) -> None:
        """Ask for these targets once and for all."""
        for target in targets:
            for encoding in PLAIN:
                asked = target.encode(), encoding
                self.known[asked] = self.ask(*asked)

    def ask(self, target: bytes, encoding: bytes) -> Visible:
        """Return the right answer."""
        if (target, encoding) in self.known:
            return self.known[target, encoding]
        if self.renew:
            self.renew()
        answer = self.ask_plainly(target, encoding)
        if answer.header("X-Cache").startswith("HIT"):
            raise RuntimeError(f"{target!r} was to be answered without the cache")
        return visible(answer)
