"""Cached reads over HTTP: one line in a view says what its answer depends on.

    class BookDetail(CachedReads, GenericAPIView):
        cached = Cached("books:detail", Row("books", "book_id"), Table("tags"))

A hit is answered before Django REST framework comes into play. Everything else goes
through the view as if there were no cache, and the bytes it answers with are stored.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial, wraps
from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from caching import reads, signals
from caching.access import Credential, get_access
from caching.conf import conf
from caching.dependencies import Arguments, Dependency, Selection
from caching.entries import GZIP, Entry
from caching.reads import (
    BYPASS,
    HIT,
    MISS,
    WAIT,
    CacheSpec,
    Compute,
    Fetched,
    Found,
    Uncacheable,
)
from caching.stamps import NOTHING, Names

X_CACHE = {HIT: "HIT", WAIT: "HIT", MISS: "MISS", BYPASS: "BYPASS"}
USUAL_GZIP = frozenset(("gzip", "gzip, deflate", "gzip, deflate, br"))
# Longer query strings are read each time: this memory is not for whoever sends them.
REMEMBERED_SPECS, MAX_REMEMBERED_LENGTH = 4096, 300

View = Callable[..., Response]
# From a raw query string to its canonical form, and the fields that it is chosen by.
Canonical = Callable[[str], tuple[str, Names]]


class Cached:
    """The name of a view's entries and what each depends on.

    `query` returns the canonical form of a raw query string, and the names of the
    fields that it filters and orders by, or raises ValidationError; a view without it
    takes no parameters.
    """

    def __init__(
        self, name: str, *depends_on: Dependency, query: Canonical | None = None
    ) -> None:
        self.name, self.depends_on, self.query = name, depends_on, query
        self.remember = lru_cache(REMEMBERED_SPECS)(self.make_spec)

    def spec(self, request: HttpRequest, arguments: Arguments) -> CacheSpec | None:
        """Return the CacheSpec of this request; None if its query is invalid."""
        place, raw = "", ""
        if self.query:
            place = f"{request.scheme}://{request.get_host()}"
            raw = request.META.get("QUERY_STRING", "")
        make = self.remember if len(raw) <= MAX_REMEMBERED_LENGTH else self.make_spec
        try:
            return make(conf().release, place, raw, *arguments.items())
        except ValidationError:
            return None

    def make_spec(
        self, release: str, place: str, raw: str, *items: tuple[str, object]
    ) -> CacheSpec:
        """Return the CacheSpec for a raw query string. Raises ValidationError.

        `place` is scheme and host, `items` are the names and values of the URL's
        arguments.
        """
        arguments = dict(items)
        parts, fields = [self.name, *arguments.values()], NOTHING
        if self.query:
            query, fields = self.query(raw)
            parts.append(_digest(place, query))
        bound = tuple(each.bind(arguments, fields) for each in self.depends_on)
        return CacheSpec(reads.entry_key(release, *parts), bound)

    def rows(self, document: Mapping[str, Any]) -> list[object]:
        """Return the ids of the rows that an answer's document shows."""
        selections = (d for d in self.depends_on if isinstance(d, Selection))
        return [row[s.id] for s in selections for row in document["results"]]


def _digest(place: str, query: str) -> str:
    # The links in a list begin with the scheme and the host: its place.
    return blake2b(f"{place}?{query}".encode(), digest_size=8).hexdigest()


class CachedReads(APIView):
    """Base of a view with a `cached` line; comes before its other bases."""

    cached: Cached

    @classmethod
    def as_view(cls, **options: Any) -> Any:
        """Return the view, behind the cache where it is read."""
        view = super().as_view(**options)

        # It keeps what Django and drf-spectacular read off a view.
        @wraps(view)
        def cached_view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                return answer(cls.cached, view, request, arguments)
            return view(request, **arguments)

        return cached_view


class UncacheableResponse(Uncacheable):
    """Carries the response of a view that did not answer with 200."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.response = response


def answer(
    cached: Cached, view: View, request: HttpRequest, arguments: dict[str, Any]
) -> HttpResponseBase:
    """Return the response to a read, from the cache if it may be served.

    Who asks is the view's business, except where the view is not asked: a hit is served
    to whom the credential lets in.
    """
    ask_view = partial(view, request, **arguments)
    credential = get_access().credential(request)
    spec = cached.spec(request, arguments) if credential else None
    if credential is None or spec is None:
        return ask_view()
    try:
        fetched = _get_or_compute(credential, spec, partial(_compute, cached, ask_view))
    except UncacheableResponse as error:
        return error.response
    if fetched is None:
        return ask_view()
    response = respond(request, fetched)
    _send_signal(fetched, response)
    return response


def _compute(cached: Cached, ask_view: Callable[[], Response]) -> Entry:
    response = ask_view()
    response.render()
    if response.status_code != 200:
        raise UncacheableResponse(response)
    rows, smallest = cached.rows(response.data), conf().compress_from
    return Entry.build(response.content, compress_from=smallest, rows=rows)


def _get_or_compute(
    credential: Credential, spec: CacheSpec, compute: Compute
) -> Fetched | None:
    """Return what was fetched; None if this reader may not have it."""
    allowed, found = reads.try_lookup([credential.spec, spec])
    fetched = reads.get_or_compute(spec, found, compute)
    if fetched.result == WAIT:
        # Access may have been lost meanwhile.
        [allowed] = reads.try_lookup([credential.spec])
    if fetched.result in (HIT, WAIT) and not _may_read(credential, allowed):
        return None
    return fetched


def _may_read(credential: Credential, found: Found) -> bool:
    def compute() -> Entry:
        fingerprint = get_access().fingerprint(credential)
        if not fingerprint:
            raise Uncacheable
        return Entry.build(fingerprint)

    try:
        entry = reads.get_or_compute(credential.spec, found, compute).entry
    except Uncacheable:
        return False
    return entry.payload == credential.fingerprint


def _send_signal(fetched: Fetched, response: HttpResponse) -> None:
    if fetched.result in (HIT, WAIT):
        signals.hit.send(None, waited=fetched.result == WAIT, response=response)
    else:
        stored = fetched.result == MISS
        signals.miss.send(None, stored=stored, reason=fetched.reason, response=response)


def respond(request: HttpRequest, fetched: Fetched) -> HttpResponse:
    """Return the response with an entry's bytes, or a 304 if the client has them."""
    entry = fetched.entry
    compressed = entry.encoding == GZIP and _accepts_gzip(request)
    body = entry.payload if compressed else entry.body
    # A strong validator names these very bytes, so each encoding has its own.
    etag = f'"{entry.etag}-gzip"' if compressed else f'"{entry.etag}"'
    headers = {
        "ETag": etag,
        "Vary": "Accept-Encoding, Authorization",
        # To be kept by the reader's own client only, and asked about every time.
        "Cache-Control": "private, no-cache",
        "X-Cache": "; ".join(filter(None, (X_CACHE[fetched.result], fetched.reason))),
    }
    if _client_has(request, etag):
        return HttpResponseNotModified(headers=headers)
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="application/json", headers=headers)


def _client_has(request: HttpRequest, etag: str) -> bool:
    # If-Match is not looked at: it guards writes, and no write here is conditional.
    known = request.META.get("HTTP_IF_NONE_MATCH")
    if not known:
        return False
    etags = parse_etags(known)
    return etags == ["*"] or etag in (each.removeprefix("W/") for each in etags)


def _accepts_gzip(request: HttpRequest) -> bool:
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return accepted in USUAL_GZIP or _names_gzip(accepted)


def _names_gzip(accepted: str) -> bool:
    codings = accepted.replace(" ", "").lower().split(",")
    weights = dict(coding.partition(";q=")[::2] for coding in codings)
    # `*` is for what is not named. A weight of 0 refuses.
    weight = weights.get("gzip", weights.get("*", "0"))
    return not weight or weight.strip("0.") != ""
