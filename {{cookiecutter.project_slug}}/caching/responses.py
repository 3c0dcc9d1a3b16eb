"""What Django answers, and what is sent of an entry: in which encoding, or a 304."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.utils.http import parse_etags

from caching.entries import GZIP, Headers
from caching.reads import BYPASS, HIT, MISS, WAIT, Fetched, Uncacheable
from caching.requests import Environ

SHOWN = {HIT: "HIT", WAIT: "HIT", MISS: "MISS", BYPASS: "BYPASS"}
USUAL_GZIP = frozenset(("gzip", "gzip, deflate", "gzip, deflate, br"))
VARY = "Accept-Encoding, Authorization"
# Decided when an answer is sent, or by the server.
NOT_STORED = frozenset(
    ("cache-control", "connection", "content-encoding", "content-length", "date")
) | frozenset(("etag", "keep-alive", "server", "transfer-encoding", "x-cache"))


# WSGI's (PEP 3333).
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Uncached(Uncacheable):
    """Carries an answer that is not stored: no 200, or one that sets a cookie."""

    def __init__(self, status: str, headers: Headers, body: bytes) -> None:
        super().__init__()
        self.status, self.headers, self.body = status, headers, body


class Sent(NamedTuple):
    """An answer as it is sent."""

    status_code: int
    headers: dict[str, str]
    content: bytes


def call(application: Application, environ: Environ) -> tuple[str, Headers, bytes]:
    """Return what a WSGI application answers: status line, headers, body."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Any:
        started[:] = [status, tuple(headers)]
        return written.append

    body = application(environ, start_response)
    try:
        written.extend(body)
    finally:
        # Django's request ends when its response is closed.
        getattr(body, "close", lambda: None)()
    return started[0], started[1], b"".join(written)


def storable(headers: Headers) -> Headers:
    """Return those headers of a response that are stored with it."""
    kept = [pair for pair in headers if pair[0].lower() not in NOT_STORED]
    named = [value for name, value in kept if name.lower() == "vary"]
    rest = [pair for pair in kept if pair[0].lower() != "vary"]
    return (*rest, ("Vary", ", ".join(dict.fromkeys([*named, VARY]))))


def respond(environ: Environ, fetched: Fetched) -> Sent:
    """Return the answer with an entry's bytes, or a 304 if the client has them."""
    entry = fetched.entry
    compressed = entry.encoding == GZIP and _accepts_gzip(environ)
    etag = _quoted(entry.etag, compressed)
    headers = dict(entry.headers)
    headers["ETag"] = etag
    # To be kept by the reader's own client only, and asked about every time.
    headers["Cache-Control"] = "private, no-cache"
    headers["X-Cache"] = "; ".join(
        filter(None, (SHOWN[fetched.result], fetched.reason))
    )
    if _has_it(environ, etag):
        headers.pop("Content-Type", None)
        return Sent(304, headers, b"")
    body = entry.payload if compressed else entry.body
    if compressed:
        headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    return Sent(200, headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body)


def etags_of(entity_tag: str) -> set[str]:
    """Return the strong validators that clients may know of an answer."""
    return {_quoted(entity_tag, compressed) for compressed in (False, True)}


def _quoted(entity_tag: str, compressed: bool) -> str:
    # A strong validator names these very bytes, so each encoding has its own.
    return f'"{entity_tag}-gzip"' if compressed else f'"{entity_tag}"'


def _has_it(environ: Environ, etag: str) -> bool:
    # If-Match is not looked at: it guards writes.
    known = environ.get("HTTP_IF_NONE_MATCH")
    if not known:
        return False
    etags = parse_etags(known)
    return etags == ["*"] or etag in (each.removeprefix("W/") for each in etags)


def _accepts_gzip(environ: Environ) -> bool:
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
    return accepted in USUAL_GZIP or _names_gzip(accepted)


def _names_gzip(accepted: str) -> bool:
    codings = accepted.replace(" ", "").lower().split(",")
    weights = dict(coding.partition(";q=")[::2] for coding in codings)
    # `*` is for what is not named. A weight of 0 refuses.
    weight = weights.get("gzip", weights.get("*", "0"))
    return not weight or weight.strip("0.") != ""
