"""What is stored of an answer: its final bytes, ready to be sent.

An entry is one header line and the payload:

    version etag encoding rows checksum
    …

`rows` are the ids of the rows that the answer shows, where that matters, else `-`.

Bytes and not objects: encoding JSON costs far more than any query that a cache of
objects saves, and bytes can't execute anything when they are read. (A pickle can.)
"""

import gzip
import zlib
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple, Self

from caching.stamps import Names

# Content codings, as HTTP names them.
IDENTITY, GZIP = "identity", "gzip"
# Of gzip's levels, 5 is where more time stops buying much.
GZIP_LEVEL = 5
NO_ROWS = "-"
MAX_VERSION = 500


class Entry(NamedTuple):
    """An answer's payload, how it is encoded, its strong validator, what it shows."""

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

        It is compressed from `compress_from` bytes on; None for never.
        """
        etag = blake2b(body, digest_size=12).hexdigest()
        ids = ",".join(map(str, rows)) or NO_ROWS
        if compress_from is None or len(body) < compress_from:
            return cls(etag, IDENTITY, body, ids)
        # mtime=0: the same body gives the same bytes.
        return cls(etag, GZIP, gzip.compress(body, GZIP_LEVEL, mtime=0), ids)

    @property
    def body(self) -> bytes:
        """The answer as it was computed."""
        return gzip.decompress(self.payload) if self.encoding == GZIP else self.payload

    def shows(self, rows: Names) -> bool:
        """Return whether the answer shows one of these rows."""
        return bool(rows) and not rows.isdisjoint(self.rows.split(","))

    def dump(self, version: str) -> bytes:
        """Return what is stored of an answer that was built from `version`."""
        checksum = _checksum(self.rows, self.payload)
        header = f"{version} {self.etag} {self.encoding} {self.rows} {checksum}\n"
        return header.encode("ascii") + self.payload


def stored_version(value: bytes | None) -> str:
    """Return the version that `value` says it was built from; "" if it is no entry."""
    version, space, _ = (value or b"")[:MAX_VERSION].partition(b" ")
    return version.decode("ascii", "replace") if space else ""


def load(value: bytes, version: str) -> Entry | None:
    """Return the Entry in `value`, which says that it was built from `version`.

    None for whatever is no entry of ours, or was cut short.
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
