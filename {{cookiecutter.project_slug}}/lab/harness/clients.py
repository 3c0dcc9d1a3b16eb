"""Connections to the API that cost little: they share the machine with its servers.

http.client takes longer for a request than the API for a hit. This client knows of HTTP
only what the API sends: a Content-Length, never chunks.
"""

import json
import re
import select
import socket
import zlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
GZIPPED = re.compile(rb"\r\ncontent-encoding: gzip", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: close", re.IGNORECASE)
WITHOUT_BODY = (b"204", b"304")
END = b"\r\n\r\n"
RECEIVE = 1 << 18
TRIES = 40


class Answer(NamedTuple):
    """What came: the head as it was sent, and the bytes after it."""

    head: bytes
    sent: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head[9:12])

    def header(self, name: str) -> str:
        """Return the value of a header; empty if it was not sent."""
        pattern = rb"\r\n%s: ([^\r]*)" % name.encode()
        found = re.search(pattern, self.head, re.IGNORECASE)
        return found[1].decode() if found else ""

    @property
    def body(self) -> bytes:
        """The answer, decompressed."""
        if GZIPPED.search(self.head):
            return zlib.decompress(self.sent, wbits=31)
        return self.sent

    @property
    def document(self) -> Any:
        """The answer, read as JSON."""
        return json.loads(self.body)


class Connection:
    """One connection to the server at `address`, opened again after it was closed.

    Paths are below the address's own. Every request raises OSError if the connection
    ends before the answer came, or after `timeout` seconds without a byte.
    """

    def __init__(self, address: str, token: str = "", timeout: float = 60) -> None:
        place = urlsplit(address)
        self.server, self.prefix = (place.hostname, place.port), place.path
        self.timeout, self.socket = timeout, None
        # The links in an answer name the host: the same one for all servers.
        self.headers = "Host: localhost\r\nAccept-Encoding: gzip\r\n"
        if token:
            self.headers += f"Authorization: Bearer {token}\r\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self.socket:
            self.socket.close()
            self.socket = None

    def get(self, path: str, **headers: str) -> Answer:
        """Return the Answer to a GET."""
        return self.exchange(self.request("GET", path, **headers))

    def send(self, method: str, path: str, document: Any) -> Answer:
        """Return the Answer to a request with this document as its JSON."""
        return self.exchange(self.request(method, path, json.dumps(document).encode()))

    def request(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> bytes:
        """Return a request as bytes, to be exchanged as often as you like.

        `headers` are more of them, with `_` for `-`.
        """
        if body:
            headers |= {"Content-Type": "application/json"}
            headers |= {"Content-Length": str(len(body))}
        more = "".join(f"{n.replace('_', '-')}: {v}\r\n" for n, v in headers.items())
        head = f"{method} {self.prefix}{path} HTTP/1.1\r\n{self.headers}{more}\r\n"
        return head.encode("ascii") + body

    def exchange(self, request: bytes) -> Answer:
        """Send the bytes of a request; return the Answer."""
        try:
            if self.socket and _has_ended(self.socket):
                self.close()
            if self.socket is None:
                self.socket = socket.create_connection(self.server, self.timeout)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(request)
            answer = self._answer()
        except BaseException:
            self.close()
            raise
        if CLOSES.search(answer.head):
            self.close()
        return answer

    def receive(self) -> bytes:
        """Return the next bytes that come, at least one."""
        data = self.socket.recv(RECEIVE)
        if not data:
            raise ConnectionError("the API closed the connection")
        return data

    def _answer(self) -> Answer:
        data = self.receive()
        while not (size := size_of(data)):
            data += self.receive()
        parts, missing = [data], size - len(data)
        while missing > 0:
            parts.append(self.receive())
            missing -= len(parts[-1])
        head, _, sent = b"".join(parts).partition(END)
        return Answer(head, sent)


def size_of(data: bytes) -> int:
    """Return how long the answer is that begins so; 0 while its head is not whole."""
    end = data.find(END)
    if end < 0:
        return 0
    length = None if data[9:12] in WITHOUT_BODY else LENGTH.search(data, 0, end)
    return end + len(END) + (int(length[1]) if length else 0)


def _has_ended(connection: socket.socket) -> bool:
    # A server may end a connection that it kept, at any time: as when its worker is
    # replaced. Between two requests nothing else can be there to be read.
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(0))


def spread(
    connect: Callable[[], Any],
    number: int,
    workers: int,
    worker_of: Callable[[Any], object],
) -> list[Any]:
    """Return `number` connections, spread evenly over that many worker processes.

    `connect` makes a connection, and `worker_of` tells which process serves one. Raises
    RuntimeError if a process takes none.
    """
    groups, share = defaultdict(list), -(-number // workers)
    for _ in range(TRIES * (number + 1)):
        connection = connect()
        groups[worker_of(connection)].append(connection)
        if len(groups) == workers and min(map(len, groups.values())) >= share:
            return [each for turn in zip(*groups.values()) for each in turn][:number]
    raise RuntimeError(f"one of the {workers} worker processes answers nobody")
