"""What is stored of an answer: the whole response, its final bytes ready to be sent.

An entry is two header lines and the payload:

    version etag encoding rows checksum
    [["Content-Type", "application/json"], …]
    …

`rows` are the ids of the rows that the answer shows, joined by commas. It is `-` if the
answer's dependencies don't need them.

An entry holds bytes and no objects. Encoding objects as JSON takes far more time than
the query that a cache of objects saves. And reading bytes can't execute anything;
reading a pickle can.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Self

from zlib_ng import zlib_ng

from caching.stamps import Names

# Content codings, as HTTP names them.
IDENTITY, GZIP = "identity", "gzip"
# zlib-ng takes half of zlib's time for the same size. Above this level it takes more,
# but saves little more space.
GZIP_LEVEL = 4
# For zlib: a gzip header, without the time, so the same body gives the same bytes.
GZIP_FORMAT = 31
NO_ROWS = "-"
MAX_VERSION = 500
REMEMBERED_HEADERS = 256
# Anything else in a header could end it, and begin what nobody sent.
SAFE_HEADER = re.compile(r"[\x20-\x7e]*")

Headers = tuple[tuple[str, str], ...]


class Entry(NamedTuple):
    """An answer's payload, how it is encoded, its strong validator, what it shows.

    `headers` are those that came with it, but for what is decided when it is sent.
    """

    etag: str
    encoding: str
    payload: bytes
    rows: str = NO_ROWS
    headers: Headers = ()

    @classmethod
    def build(
        cls,
        body: bytes,
        *,
        compress_from: int | None = None,
        rows: Iterable[object] = (),
        headers: Headers = (),
    ) -> Self:
        """Return the entry of `body`, which shows the rows with these ids.

        It is compressed if it has at least `compress_from` bytes; None: never.
        """
        etag = entity_tag(body)
        ids = ",".join(map(str, rows)) or NO_ROWS
        if compress_from is None or len(body) < compress_from:
            return cls(etag, IDENTITY, body, ids, headers)
        packed = zlib_ng.compress(body, GZIP_LEVEL, wbits=GZIP_FORMAT)
        return cls(etag, GZIP, packed, ids, headers)

    @property
    def body(self) -> bytes:
        """The answer's body, not compressed."""
        return gzip.decompress(self.payload) if self.encoding == GZIP else self.payload

    def shows(self, rows: Names) -> bool:
        """Return whether the answer shows one of these rows."""
        return bool(rows) and not rows.isdisjoint(self.rows.split(","))

    def dump(self, version: str) -> bytes:
        """Return the bytes to store. The answer was built from `version`."""
        headers = json.dumps(self.headers).encode("ascii")
        checksum = _checksum(self.rows, headers, self.payload)
        first = f"{version} {self.etag} {self.encoding} {self.rows} {checksum}"
        return b"\n".join([first.encode("ascii"), headers, self.payload])


def entity_tag(body: bytes) -> str:
    """Return what names the bytes of an answer, without quotes."""
    return blake2b(body, digest_size=12).hexdigest()


def stored_version(value: bytes | None) -> str:
    """Return the version in a stored `value`; "" if it is no entry."""
    version, space, _ = (value or b"")[:MAX_VERSION].partition(b" ")
    return version.decode("ascii", "replace") if space else ""


def load(value: bytes, version: str) -> Entry | None:
    """Return the Entry in a stored `value` that begins with `version`.

    None if it is not an entry of ours, or is damaged.
    """
    start, end = len(version) + 1, value.find(b"\n")
    end_of_headers = value.find(b"\n", end + 1)
    headers, payload = value[end + 1 : end_of_headers], value[end_of_headers + 1 :]
    try:
        etag, encoding, rows, checksum = value[start:end].decode("ascii").split(" ")
        if checksum != _checksum(rows, headers, payload):
            return None
        if encoding not in (IDENTITY, GZIP):
            return None
        return Entry(etag, encoding, payload, rows, _parse_headers(headers))
    except (ValueError, TypeError, RecursionError):
        return None


@lru_cache(REMEMBERED_HEADERS)
def _parse_headers(text: bytes) -> Headers:
    # Whatever else lies there raises: a checksum proves no origin.
    headers = tuple((str(name), str(value)) for name, value in json.loads(text))
    if not all(SAFE_HEADER.fullmatch(part) for pair in headers for part in pair):
        raise ValueError("a header that would not stay one")
    return headers


def _checksum(rows: str, headers: bytes, payload: bytes) -> str:
    start = zlib.crc32(headers, zlib.crc32(rows.encode("ascii")))
    return f"{zlib.crc32(payload, start):08x}"
