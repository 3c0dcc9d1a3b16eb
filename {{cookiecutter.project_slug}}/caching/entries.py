"""What is kept of an answer: its final bytes, ready to be sent.

Stored as one header line and the payload:

    identity etag encoding checksum
    …

Bytes and not objects: encoding JSON costs far more than any query that a cache of
objects saves, and bytes can't execute anything when they are read. (A pickle can.)
"""

import gzip
import zlib
from dataclasses import dataclass
from hashlib import blake2b

IDENTITY, GZIP = "identity", "gzip"
# Of gzip's levels, 5 is where more time stops buying much.
LEVEL = 5


@dataclass(frozen=True, slots=True)
class Entry:
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


def load(value, identity):
    """Return the Entry in `value` if it was built from `identity`, else None.

    None too for whatever is no entry of ours, or was cut short.
    """
    if value is None:
        return None
    prefix = identity.encode("ascii") + b" "
    if not value.startswith(prefix):
        return None
    header, _, payload = value[len(prefix) :].partition(b"\n")
    try:
        etag, encoding, checksum = header.decode("ascii").split(" ")
    except ValueError:
        return None
    if encoding not in (IDENTITY, GZIP) or checksum != f"{zlib.crc32(payload):08x}":
        return None
    return Entry(etag, encoding, payload)
