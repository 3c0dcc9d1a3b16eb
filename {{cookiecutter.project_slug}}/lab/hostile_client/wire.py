"""Sends bytes as they are, and reads answers strictly.

The harness's client trusts the server; this one is to notice whatever does not parse.
"""

import contextlib
import re
import socket
from urllib.parse import urlsplit

from lab.harness.clients import Answer

STATUS = re.compile(rb"HTTP/1\.\d [1-5]\d\d [^\r\n]*\r\n")
HEADER = re.compile(
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[^\x00-\x08\x0a-\x1f\x7f]*\r\n"
)
# Seconds: for an answer, and until a server is taken to wait for more of the message.
TIMEOUT, QUIET = 20, 2
LONGEST_LINE = 1 << 16


class Unreadable(RuntimeError):
    """What came is no answer in HTTP; the message says why."""


class Wire:
    """A connection to the server at `address`, opened again after it was closed.

    `half_close` says that the server answers on a connection whose client sends no more
    bytes; a proxy may take it for a client that is gone.
    """

    def __init__(self, address: str, half_close: bool) -> None:
        place = urlsplit(address)
        self.server = place.hostname, place.port or 80
        self.half_close = half_close
        self.socket = self.file = None

    def close(self) -> None:
        """Close the connection."""
        for each in filter(None, (self.file, self.socket)):
            with contextlib.suppress(OSError):
                each.close()
        self.socket = self.file = None

    def ask(self, data: bytes, method: bytes) -> list[Answer]:
        """Send a request; return the answer. Raises Unreadable and OSError."""
        kept = self.socket is not None
        try:
            answer = self._ask(data, method)
        except (ConnectionError, EOFError):
            # The server may close a connection that it kept, at any time.
            self.close()
            if not kept:
                return []
            with contextlib.suppress(ConnectionError, EOFError):
                return [self._ask(data, method)]
            self.close()
            return []
        return [answer]

    def ask_alone(self, data: bytes, method: bytes) -> list[Answer]:
        """Send bytes on a connection of their own; return all answers that come.

        Raises Unreadable. A server that waits for more is left alone.
        """
        self.close()
        answers: list[Answer] = []
        try:
            # The server may close it, or wait for more, at any time.
            with contextlib.suppress(OSError, EOFError):
                self._open(QUIET)
                self._send(data)
                if self.half_close:
                    self.socket.shutdown(socket.SHUT_WR)
                answers.append(self._answer(method))
                while self.socket:
                    answers.append(self._answer(b"GET"))
        finally:
            self.close()
        return answers

    def _ask(self, data, method):
        if self.socket is None:
            self._open(TIMEOUT)
        self._send(data)
        try:
            return self._answer(method)
        except BaseException:
            self.close()
            raise

    def _open(self, timeout):
        self.socket = socket.create_connection(self.server, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def _send(self, data):
        # A server may refuse before it has read all.
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def _answer(self, method):
        status, lines = self._head()
        while status[9:10] == b"1":
            status, lines = self._head()
        head = (status + b"".join(lines)).removesuffix(b"\r\n")
        bodiless = method == b"HEAD" or status[9:12] in (b"204", b"304")
        sent = b"" if bodiless else self._body(lines)
        if any(line.lower() == b"connection: close\r\n" for line in lines):
            # Who refuses a request unread does not know that it was a HEAD.
            self._end(allow=method == b"HEAD" and status[9:10] == b"4")
        return Answer(head, sent)

    def _end(self, allow):
        with contextlib.suppress(OSError):
            if self.file.read(1) and not allow:
                raise Unreadable("bytes after the last answer")
        self.close()

    def _head(self):
        status, lines = self.file.readline(LONGEST_LINE), []
        if not status:
            raise EOFError
        if not STATUS.fullmatch(status):
            raise Unreadable(f"the status line {status[:80]!r}")
        while (line := self.file.readline(LONGEST_LINE)) != b"\r\n":
            if not HEADER.fullmatch(line):
                raise Unreadable(f"the header {line[:80]!r}")
            lines.append(line)
        return status, lines

    def _body(self, lines):
        lengths = _values(lines, b"content-length")
        if b"chunked" in _values(lines, b"transfer-encoding"):
            return b"".join(iter(self._chunk, b""))
        if not lengths:
            return self.file.read()
        if len(lengths) > 1 or not lengths[0].isdigit():
            raise Unreadable(f"the lengths {lengths}")
        return self._exactly(int(lengths[0]))

    def _chunk(self):
        size = self.file.readline(LONGEST_LINE)
        if not re.fullmatch(rb"[0-9A-Fa-f]+\r\n", size):
            raise Unreadable(f"the chunk's size {size[:80]!r}")
        chunk = self._exactly(int(size, 16))
        if self._exactly(2) != b"\r\n":
            raise Unreadable("a chunk that does not end where it says")
        return chunk

    def _exactly(self, length):
        data = self.file.read(length)
        if len(data) < length:
            raise Unreadable(f"{len(data)} of {length} bytes")
        return data


def _values(lines, name):
    pairs = [line.partition(b":") for line in lines]
    return [value.strip().lower() for found, _, value in pairs if found.lower() == name]
