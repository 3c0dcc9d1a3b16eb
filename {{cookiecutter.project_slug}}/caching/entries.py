"""What is kept of an answer: its final bytes, ready to be sent.

Stored as one header line and the payload:

    identity etag encoding rows checksum
    …

`rows` are the ids of the rows that the answer shows, where that matters, else `-`.

Bytes and not objects: encoding JSON costs far more than any query that a cache of
objects saves, and bytes can't execute anything when they are read. (A pickle can.)
"""

import gzip
import zlib
from hashlib import blake2b
from typing import NamedTuple

IDENTITY, GZIP = "identity", "gzip"
# Of gzip's levels, 5 is where more time stops buying much.
LEVEL = 5
NO_ROWS = "-"
LONGEST_IDENTITY = 500


class Entry(NamedTuple):
    """An answer's payload, how it is encoded, its strong validator, what it shows."""

    etag: str
    encoding: str
    payload: bytes
    rows: str = NO_ROWS

    @classmethod
    def of(cls, body, *, compress_from, rows=()):
        """Return the entry of `body`, compressed from so many bytes, with `rows`."""
        etag = blake2b(body, digest_size=12).hexdigest()
        rows = ",".join(map(str, rows)) or NO_ROWS
        if len(body) < compress_from:
            return cls(etag, IDENTITY, body, rows)
        # mtime=0: the same body gives the same bytes.
        return cls(etag, GZIP, gzip.compress(body, LEVEL, mtime=0), rows)

    @property
    def body(self):
        """The answer as it was computed."""
        return gzip.decompress(self.payload) if self.encoding == GZIP else self.payload

    def shows(self, rows):
        """Return whether one of these rows is in it."""
        return bool(rows) and not rows.isdisjoint(self.rows.split(","))

    def dump(self, identity):
        """Return what is stored under the stamps' `identity`."""
        checksum = _checksum(self.rows, self.payload)
        header = f"{identity} {self.etag} {self.encoding} {self.rows} {checksum}\n"
        return header.encode("ascii") + self.payload


def identity_of(value):
    """Return what `value` says that it was built from; nothing if it is no entry."""
    identity, space, _ = (value or b"")[:LONGEST_IDENTITY].partition(b" ")
    return identity.decode("ascii", "replace") if space else ""


def load(value, identity):
    """Return the Entry in `value`, which says that it was built from `identity`.

    None for whatever is no entry of ours, or was cut short.
    """
    start, end = len(identity) + 1, value.find(b"\n")
    try:
        etag, encoding, rows, checksum = value[start:end].decode("ascii").split(" ")
    except ValueError:
        return None
    payload = value[end + 1 :]
    if encoding not in (IDENTITY, GZIP) or checksum != _checksum(rows, payload):
        return None
    return Entry(etag, encoding, payload, rows)


def _checksum(rows, payload):
    return f"{zlib.crc32(payload, zlib.crc32(rows.encode('ascii'))):08x}"
