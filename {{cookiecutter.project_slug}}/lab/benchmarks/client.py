"""A client that costs little itself: it shares the machine with what it measures.

http.client takes longer for a request than the API for a hit.
"""

import json
import re
import socket
import zlib
from typing import NamedTuple

TIMEOUT = 300
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
GZIPPED = re.compile(rb"\r\ncontent-encoding: gzip", re.IGNORECASE)
QUERIES = re.compile(rb"\r\nx-queries: (\d+)", re.IGNORECASE)
END = b"\r\n\r\n"
RECEIVE = 1 << 18


class Refused(Exception):
    """The API answered with an error."""


class Answer(NamedTuple):
    """What came: the head as it was sent, and the bytes after it."""

    head: bytes
    sent: bytes

    @property
    def body(self):
        """The answer, decompressed."""
        if GZIPPED.search(self.head):
            return zlib.decompress(self.sent, wbits=31)
        return self.sent

    @property
    def document(self):
        """The answer, read as JSON."""
        return json.loads(self.body)

    @property
    def queries(self):
        """How many queries it took."""
        return int(QUERIES.search(self.head)[1])


class Connection:
    """One kept connection of a reader. Raises Refused for any answer but 2xx."""

    def __init__(self, port, token=""):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The links in an answer name the host: the same one for all strategies.
        self.headers = "Host: localhost\r\nAccept-Encoding: gzip\r\n"
        if token:
            self.headers += f"Authorization: Bearer {token}\r\n"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def get(self, path):
        """Return the Answer to a GET."""
        return self.exchange(self.request("GET", path))

    def send(self, method, path, document):
        """Return the Answer to a request with this document as its JSON."""
        return self.exchange(self.request(method, path, json.dumps(document).encode()))

    def request(self, method, path, body=b""):
        """Return a request as bytes, to be exchanged as often as you like."""
        more = "Content-Type: application/json\r\n" if body else ""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\n{self.headers}{more}{length}\r\n"
        return head.encode("ascii") + body

    def exchange(self, request):
        """Send the bytes of a request; return the Answer."""
        self.socket.sendall(request)
        data = self._receive()
        while (end := data.find(END)) < 0:
            data += self._receive()
        head, parts = data[:end], [data[end + len(END) :]]
        found = LENGTH.search(head)
        missing = (int(found[1]) if found else 0) - len(parts[0])
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        answer = Answer(head, b"".join(parts))
        if not head.startswith(b"HTTP/1.1 2"):
            line = request.partition(b"\r\n")[0].decode()
            raise Refused(f"{line}: {head[9:12].decode()} {answer.body[:300]!r}")
        return answer

    def usage(self):
        """Return (process, CPU seconds so far) of the worker behind the connection."""
        process, nanoseconds = self.get("/usage").sent.split()
        return int(process), int(nanoseconds) / 1e9

    def _receive(self):
        data = self.socket.recv(RECEIVE)
        if not data:
            raise ConnectionError("the API closed the connection")
        return data
