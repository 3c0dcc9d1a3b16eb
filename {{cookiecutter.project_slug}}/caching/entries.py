"""Entries: stored answers, as the bytes that are sent.

An entry is one header line and the payload:

    version etag encoding rows checksum
    …

`rows` are the ids of the rows that the answer shows, joined by commas. It is `-` if the
answer's dependencies don't need them.

An entry holds bytes and no objects. Encoding objects as JSON takes far more time than
the query that a cache of objects saves. And reading bytes can't execute anything;
reading a pickle can.
"""

import gzip
import zlib
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple, Self

from caching.stamps import Names

# Content codings, as HTTP names them.
IDENTITY, GZIP = "identity", "gzip"
# Above level 5, gzip takes more time but saves little more space.
GZIP_LEVEL = 5
NO_ROWS = "-"
MAX_VERSION = 500


class Entry(NamedTuple):
    """An answer: its strong validator, content coding, payload, and shown rows."""

    etag: str
    encoding: str
    payload: bytes
    rows: str = NO_ROWS

    @classmethod
    def build(
        cls,
        body: bytes,
        *,
        compress_from: int | None = None,
        rows: Iterable[object] = (),
    ) -> Self:
        """Return the entry of `body`, which shows the rows with these ids.

        It is compressed if it has at least `compress_from` bytes; None: never.
        """
        etag = blake2b(body, digest_size=12).hexdigest()
        ids = ",".join(map(str, rows)) or NO_ROWS
        if compress_from is None or len(body) < compress_from:
            return cls(etag, IDENTITY, body, ids)
        # mtime=0: the same body gives the same bytes.
        return cls(etag, GZIP, gzip.compress(body, GZIP_LEVEL, mtime=0), ids)

    @property
    def body(self) -> bytes:
        """The answer's body, not compressed."""
        return gzip.decompress(self.payload) if self.encoding == GZIP else self.payload

    def shows(self, rows: Names) -> bool:
        """Return whether the answer shows one of these rows."""
        return bool(rows) and not rows.isdisjoint(self.rows.split(","))

    def dump(self, version: str) -> bytes:
        """Return the bytes to store. The answer was built from `version`."""
        checksum = _checksum(self.rows, self.payload)
        header = f"{version} {self.etag} {self.encoding} {self.rows} {checksum}\n"
        return header.encode("ascii") + self.payload


def stored_version(value: bytes | None) -> str:
    """Return the version in a stored `value`; "" if it is no entry."""
    version, space, _ = (value or b"")[:MAX_VERSION].partition(b" ")
    return version.decode("ascii", "replace") if space else ""


def load(value: bytes, version: str) -> Entry | None:
    """Return the Entry in a stored `value` that begins with `version`.

    None if it is not an entry of ours, or is damaged.
    """
    start, end = len(version) + 1, value.find(b"\n")
    try:
        etag, encoding, rows, checksum = value[start:end].decode("ascii").split(" ")
    except ValueError:
        return None
    payload = value[end + 1 :]
    if encoding not in (IDENTITY, GZIP) or checksum != _checksum(rows, payload):
        return None
    return Entry(etag, encoding, payload, rows)


def _checksum(rows: str, payload: bytes) -> str:
    return f"{zlib.crc32(payload, zlib.crc32(rows.encode('ascii'))):08x}"
