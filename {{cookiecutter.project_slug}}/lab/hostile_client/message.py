"""A request, every byte of which can be changed before it is sent."""

from dataclasses import dataclass, field
from typing import NamedTuple

PREFIX = b"/api/v1"


class Target(NamedTuple):
    """What is asked for: the path below the API's, and the parts of the query."""

    path: bytes
    query: tuple[bytes, ...] = ()

    def encode(self, prefix: bytes = PREFIX) -> bytes:
        """Return it as a request line has it."""
        return (
            prefix + self.path + (b"?" + b"&".join(self.query) if self.query else b"")
        )


class Tokens(NamedTuple):
    """Access tokens: the hostile reader's own, and the innocent reader's."""

    own: bytes
    other: bytes


@dataclass
class Message:
    """A request. `alone` says that no other may follow it on its connection.

    `before` and `after` are bytes sent before and after it.
    """

    target: Target
    tokens: Tokens
    method: bytes = b"GET"
    prefix: bytes = PREFIX
    version: bytes = b"HTTP/1.1"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    before: bytes = b""
    after: bytes = b""
    line_end: bytes = b"\r\n"
    alone: bool = False

    def encode(self) -> bytes:
        """Return the bytes that are sent."""
        first = b" ".join((self.method, self.encoded_target(), self.version))
        lines = [first, *(b"%s: %s" % pair for pair in self.headers), b"", b""]
        return self.before + self.line_end.join(lines) + self.body + self.after

    def encoded_target(self) -> bytes:
        """Return path and query as the request line has them."""
        return self.target.encode(self.prefix)

    def set(self, name: bytes, value: bytes) -> None:
        """Give a header this one value."""
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: bytes) -> None:
        """Take a header away."""
        kept = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers[:] = kept

    def send_body(self, body: bytes) -> None:
        """Give it a body with a Content-Length."""
        self.body = body
        self.set(b"Content-Length", str(len(body)).encode())

    def change(self, path: bytes | None = None, query=None) -> None:
        """Ask for another path or query."""
        path = self.target.path if path is None else path
        query = self.target.query if query is None else query
        self.target = Target(path, tuple(query))


def plain(target: Target, tokens: Tokens) -> Message:
    """Return the request for a target that nobody would find odd."""
    headers = [(b"Host", b"localhost"), (b"Authorization", b"Bearer " + tokens.own)]
    return Message(target, tokens, headers=headers)
