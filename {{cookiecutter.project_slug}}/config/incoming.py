"""Says when a request has come whole.

Only how long to wait is decided here. What a request means, and whether it is HTTP at
all, gunicorn's own parser says, from the same bytes.
"""

import re

# Bytes. The body's limit is the API's: settings.py hands it to Django.
MAX_HEAD, MAX_BODY = 32 * 1024, 64 * 1024
# A body in chunks may take as much again for its framing.
MAX_CHUNKS = 2 * MAX_BODY
LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?:\r\n|$)")
CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[^\r]*chunked")
CONTINUE = re.compile(rb"(?i) HTTP/1\.1\r\n(?:.*\r\n)?expect:[ \t]*100-continue", re.S)
SIZE = re.compile(rb"[0-9a-fA-F]{1,8}(?=[ \t;\r])")
TOO_LARGE = 413, "Content Too Large"
HEAD_TOO_LARGE = 431, "Request Header Fields Too Large"


class Incoming:
    """The bytes of one request as they come, and of what follows it.

    `body` is where the body begins, 0 before that is known; `refusal` is the status
    and the reason if the request is too large.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.body = self.end = self.decoded = 0
        self.chunked = self.expects_continue = False
        self.refusal: tuple[int, str] | None = None

    @property
    def line(self) -> bytes:
        """The request's method and target, as its first line says them."""
        return bytes(self.data[: self.data.find(b"\r\n")]).rpartition(b" ")[0]

    def add(self, data: bytes) -> bool:
        """Take in bytes; return whether the request is here whole.

        Also true if its framing can't be read: then the parser refuses it.
        """
        seen = len(self.data)
        self.data += data
        if not self.body and not self._find_body(max(0, seen - 3)):
            self.refusal = HEAD_TOO_LARGE if len(self.data) > MAX_HEAD else None
            return False
        whole = self._find_last_chunk() if self.chunked else True
        size = self.decoded if self.chunked else self.end - self.body
        if size > MAX_BODY or (not whole and len(self.data) > self.body + MAX_CHUNKS):
            self.refusal = TOO_LARGE
            return False
        return whole and len(self.data) >= self.end

    def _find_body(self, start: int) -> bool:
        at = self.data.find(b"\r\n\r\n", start, MAX_HEAD)
        if at < 0:
            return False
        head = bytes(self.data[:at])
        self.body = self.end = at + 4
        self.chunked = bool(CHUNKED.search(head))
        self.expects_continue = bool(CONTINUE.search(head))
        length = LENGTH.search(head)
        if length and not self.chunked:
            self.end += int(length[1])
        return True

    def _find_last_chunk(self) -> bool:
        # `end` is where the next chunk begins.
        while (line_end := self.data.find(b"\r\n", self.end)) >= 0:
            size = SIZE.match(self.data, self.end)
            if not size:
                return True
            if int(size[0], 16) == 0:
                # Trailers may come before the empty line.
                return self.data.find(b"\r\n\r\n", line_end) >= 0
            self.decoded += int(size[0], 16)
            self.end = line_end + 2 + int(size[0], 16) + 2
        return False
