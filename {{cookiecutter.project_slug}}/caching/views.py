"""Cached reads over HTTP: one line in a view says what its answer depends on.

    class BookDetail(CachedReads, GenericAPIView):
        cached = Cached("books:detail", Row("books", "book_id"), Table("tags"))

A hit is answered without calling the view. Every other request goes through the view as
if there were no cache, and the bytes of the view's answer are stored.
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
# Specs of longer query strings are not remembered: a client could fill the memory.
REMEMBERED_SPECS, MAX_REMEMBERED_LENGTH = 4096, 300

View = Callable[..., Response]
# Turns a raw query string into its canonical form and the names of the fields that it
# filters and orders by. Raises ValidationError.
Canonical = Callable[[str], tuple[str, Names]]


class Cached:
    """The name of a view's entries, and what they depend on.

    `name` begins the keys, and must be this view's alone. `query` reads the query
    string (see Canonical). A view without it takes no query parameters.
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

        `place` is the scheme and the host. `items` are the names and values of the
        URL's arguments.
        """
        arguments = dict(items)
        parts, fields = [self.name, *arguments.values()], NOTHING
        if self.query:
            query, fields = self.query(raw)
            parts.append(_digest(place, query))
        bound = tuple(each.bind(arguments, fields) for each in self.depends_on)
        return CacheSpec(reads.entry_key(release, *parts), bound)

    def rows(self, document: Mapping[str, Any]) -> list[object]:
        """Return the ids of the rows that an answer (a document, before JSON) shows."""
        selections = (d for d in self.depends_on if isinstance(d, Selection))
        return [row[s.id] for s in selections for row in document["results"]]


def _digest(place: str, query: str) -> str:
    # Scheme and host are in the key, because the links in a list begin with them.
    return blake2b(f"{place}?{query}".encode(), digest_size=8).hexdigest()


class CachedReads(APIView):
    """Base of a view that has a line `cached = …`. Put it before the other bases."""

    cached: Cached

    @classmethod
    def as_view(cls, **options: Any) -> Any:
        """Return the view. Its GET and HEAD ask the cache first."""
        view = super().as_view(**options)

        # wraps() keeps the attributes that Django and drf-spectacular read.
        @wraps(view)
        def cached_view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                return answer(cls.cached, view, request, arguments)
            return view(request, **arguments)

        return cached_view


class UncacheableResponse(Uncacheable):
    """Carries a view's response that is not a 200."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.response = response


def answer(
    cached: Cached, view: View, request: HttpRequest, arguments: dict[str, Any]
) -> HttpResponseBase:
    """Return the response to a GET or HEAD, from the cache if possible.

    The view checks who sends the request. On a hit the view is not called, so here the
    request's credential decides.
    """
    ask_view, fetched = partial(view, request, **arguments), None
    credential = get_access().credential(request)
    if credential and (spec := cached.spec(request, arguments)):
        compute = partial(_compute, cached, ask_view)
        try:
            fetched = _get_or_compute(credential, spec, compute)
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
    """Return what was fetched; None if this reader may not get a cached answer."""
    allowed, found = reads.try_lookup([credential.spec, spec])
    fetched = reads.get_or_compute(spec, found, compute)
    if fetched.result == WAIT:
        # The reader may have lost access during the wait.
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
    """Return a response with the entry's bytes; a 304 if the client has them."""
    entry = fetched.entry
    compressed = entry.encoding == GZIP and _accepts_gzip(request)
    body = entry.payload if compressed else entry.body
    # A strong validator stands for exact bytes, so each encoding has its own.
    etag = f'"{entry.etag}-gzip"' if compressed else f'"{entry.etag}"'
    headers = {
        "ETag": etag,
        "Vary": "Accept-Encoding, Authorization",
        # Only the reader's own client may store it, and must ask before each use.
        "Cache-Control": "private, no-cache",
        "X-Cache": "; ".join(filter(None, (X_CACHE[fetched.result], fetched.reason))),
    }
    if _client_has(request, etag):
        return HttpResponseNotModified(headers=headers)
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="application/json", headers=headers)


def _client_has(request: HttpRequest, etag: str) -> bool:
    # If-Match is ignored: it is for conditional writes, which this API does not have.
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
    # `*` stands for codings that are not named. A weight of 0 refuses one (RFC 9110).
    weight = weights.get("gzip", weights.get("*", "0"))
    return not weight or weight.strip("0.") != ""
