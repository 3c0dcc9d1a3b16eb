"""What is kept of an answer: its final bytes, ready to be sent.

Stored as one header line and the payload:

    identity etag encoding checksum
    …

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


class Entry(NamedTuple):
    """An answer's payload, how it is encoded, and the strong validator of it."""

    etag: str
    encoding: str
    payload: bytes

    @classmethod
    def of(cls, body, *, compress_from):
        """Return the entry of `body`, compressed from so many bytes."""
        etag = blake2b(body, digest_size=12).hexdigest()
        if len(body) < compress_from:
            return cls(etag, IDENTITY, body)
        # mtime=0: the same body gives the same bytes.
        return cls(etag, GZIP, gzip.compress(body, LEVEL, mtime=0))

    @property
    def body(self):
        """The answer as it was computed."""
        return gzip.decompress(self.payload) if self.encoding == GZIP else self.payload

    def dump(self, identity):
        """Return what is stored under the stamps' `identity`."""
        checksum = f"{zlib.crc32(self.payload):08x}"
        header = f"{identity} {self.etag} {self.encoding} {checksum}\n"
        return header.encode("ascii") + self.payload


def is_of(value, identity):
    """Return whether `value` says that it was built from `identity`."""
    return value is not None and value.startswith(identity.encode("ascii") + b" ")


def load(value, identity):
    """Return the Entry in `value` if it was built from `identity`, else None.

    None too for whatever is no entry of ours, or was cut short.
    """
    if not is_of(value, identity):
        return None
    start, end = len(identity) + 1, value.find(b"\n")
    try:
        etag, encoding, checksum = value[start:end].decode("ascii").split(" ")
    except ValueError:
        return None
    payload = value[end + 1 :]
    if encoding not in (IDENTITY, GZIP) or checksum != f"{zlib.crc32(payload):08x}":
        return None
    return Entry(etag, encoding, payload)
