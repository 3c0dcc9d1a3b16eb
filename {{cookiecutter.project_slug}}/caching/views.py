"""Cached reads over HTTP: one line in a view says what its answer depends on.

    class BookDetail(CachedReads, GenericAPIView):
        cached = Cached("books:detail", Row("books", "book_id"), Table("tags"))

The `id` of a Row names the argument of the URL, that of a Selection the field of each
of the answer's `results`. A hit is answered before Django REST framework comes into
play; everything else goes through the view as if there were no cache, and the bytes it
answers with are what is kept.
"""

from functools import lru_cache
from hashlib import blake2b

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.exceptions import ValidationError

from caching import reads
from caching.conf import conf
from caching.entries import GZIP, Entry
from caching.gate import get_gate
from caching.metrics import NOT_MODIFIED, RESULTS
from caching.reads import BYPASS, HIT, MISS, WAIT, Plan
from caching.stamps import Selection

SHOWN = {HIT: "HIT", WAIT: "HIT", MISS: "MISS", BYPASS: "BYPASS"}
USUAL_GZIP = frozenset(("gzip", "gzip, deflate", "gzip, deflate, br"))
# Longer query strings are read each time: this memory is not for whoever sends them.
REMEMBERED_PLANS, LONGEST_REMEMBERED = 4096, 300


class Cached:
    """The name of a view's entries and what each depends on.

    `query` returns the canonical form of a raw query string, and the names of the
    fields that it filters and orders by, or raises ValidationError; a view without it
    takes no parameters.
    """

    def __init__(self, name, *depends_on, query=None):
        self.name, self.depends_on, self.query = name, depends_on, query
        self.remember = lru_cache(REMEMBERED_PLANS)(self.make_plan)

    def plan(self, request, arguments):
        """Return the Plan of the entry for this request. Raises ValidationError."""
        place, raw = "", ""
        if self.query:
            place = f"{request.scheme}://{request.get_host()}"
            raw = request.META.get("QUERY_STRING", "")
        make = self.remember if len(raw) <= LONGEST_REMEMBERED else self.make_plan
        return make(place, raw, *arguments.items())

    def make_plan(self, place, raw, *arguments):
        """Return the Plan for a raw query string. Raises ValidationError."""
        arguments = dict(arguments)
        key, fields = ":".join((self.name, *map(str, arguments.values()))), frozenset()
        if self.query:
            query, fields = self.query(raw)
            key += f":{_digest(place, query)}"
        return Plan(key, tuple(d.of(arguments, fields) for d in self.depends_on))

    def rows(self, document):
        """Return the ids of the rows that an answer's document shows."""
        selections = (d for d in self.depends_on if isinstance(d, Selection))
        return [row[s.id] for s in selections for row in document["results"]]


def _digest(place, query):
    # The links in a list begin with the scheme and the host: its place.
    return blake2b(f"{place}?{query}".encode(), digest_size=8).hexdigest()


class CachedReads:
    """Mixin for a view with a `cached` line."""

    @classmethod
    def as_view(cls, **options):
        """Return the view, behind the cache where it is read."""
        view = super().as_view(**options)

        def cached_view(request, **arguments):
            if request.method in ("GET", "HEAD"):
                return answer(cls.cached, view, request, arguments)
            return view(request, **arguments)

        # What Django and drf-spectacular read off a view.
        cached_view.cls, cached_view.initkwargs = view.cls, view.initkwargs
        cached_view.csrf_exempt = True
        return cached_view


def answer(cached, view, request, arguments):
    """Return the response to a read, from the cache if it may be served.

    Who asks is the view's business, except where the view is not asked: a hit is
    served to whom the gate lets in.
    """
    claim = get_gate().claim(request)
    if claim is None:
        return view(request, **arguments)
    try:
        plan = cached.plan(request, arguments)
    except ValidationError:
        return view(request, **arguments)
    verdict, seen = reads.try_look([claim.plan, plan])
    refused = []

    def compute():
        response = view(request, **arguments).render()
        if response.status_code == 200:
            rows, smallest = cached.rows(response.data), conf().compress_from
            return Entry.of(response.content, compress_from=smallest, rows=rows)
        refused.append(response)

    entry, result, reason = reads.obtain(plan, seen, compute)
    if entry is None:
        return refused[0]
    if result == WAIT:
        [verdict] = reads.try_look([claim.plan])
    if result in (HIT, WAIT) and not _is_let_in(claim, verdict):
        return view(request, **arguments)
    RESULTS[result].inc()
    return respond(request, entry, result, reason)


def _is_let_in(claim, verdict):
    def compute():
        truth = get_gate().truth(claim)
        return Entry.of(truth, compress_from=len(truth) + 1) if truth else None

    entry, *_ = reads.obtain(claim.plan, verdict, compute)
    return entry is not None and entry.payload == claim.proof


def respond(request, entry, result, reason=""):
    """Return the response with an entry's bytes, or a 304 if the client has them."""
    compressed = entry.encoding == GZIP and _accepts_gzip(request)
    body = entry.payload if compressed else entry.body
    # A strong validator names these very bytes, so each encoding has its own.
    etag = f'"{entry.etag}-gzip"' if compressed else f'"{entry.etag}"'
    headers = {
        "ETag": etag,
        "Vary": "Accept-Encoding, Authorization",
        # To be kept by the reader's own client only, and asked about every time.
        "Cache-Control": "private, no-cache",
        "X-Cache": "; ".join(filter(None, (SHOWN[result], reason))),
    }
    if _has_it(request, etag):
        NOT_MODIFIED.inc()
        return HttpResponseNotModified(headers=headers)
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="application/json", headers=headers)


def _has_it(request, etag):
    # If-Match is not looked at: it guards writes, and no write here is conditional.
    known = request.META.get("HTTP_IF_NONE_MATCH")
    if not known:
        return False
    etags = parse_etags(known)
    return etags == ["*"] or etag in (each.removeprefix("W/") for each in etags)


def _accepts_gzip(request):
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return accepted in USUAL_GZIP or _names_gzip(accepted)


def _names_gzip(accepted):
    codings = accepted.replace(" ", "").lower().split(",")
    weights = dict(coding.partition(";q=")[::2] for coding in codings)
    # `*` is for what is not named. A weight of 0 refuses.
    weight = weights.get("gzip", weights.get("*", "0"))
    return not weight or weight.strip("0.") != ""
