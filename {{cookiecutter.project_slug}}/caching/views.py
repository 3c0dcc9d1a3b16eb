"""Cached reads: one line in a view says what its answer depends on.

    class BookDetail(CachedReads, GenericAPIView):
        cached = Cached("books:detail", Row("books", "book_id"), Table("tags"))

The front (front.py) answers a hit before Django comes into play. A miss goes through
Django as if there were no cache, and the whole response is stored.

All readers share an answer, so its view can't know who asked: `request.user` raises
there, and `as_view()` refuses permissions that might depend on the reader. With
`Cached(..., per_reader=True)` each reader has answers of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from caching import reads, signals
from caching.access import Credential, get_access
from caching.dependencies import Arguments, Dependency, Selection
from caching.reads import CacheSpec
from caching.requests import COMPUTATION
from caching.stamps import NOTHING, Names

# From a raw query string to its canonical form, and the fields that it is chosen by.
Canonical = Callable[[str], tuple[str, Names]]
# REST framework's own that let every reader in alike. Other classes say so themselves:
# `same_for_all_readers = True`.
SHARED_PERMISSIONS = (
    permissions.AllowAny,
    permissions.IsAuthenticated,
    permissions.IsAuthenticatedOrReadOnly,
)


class Cached:
    """The name of a view's entries, and what they depend on.

    `query` returns the canonical form of a raw query string, and the names of the
    fields that it filters and orders by, or raises ValidationError; a view without it
    takes no parameters. `per_reader`: whether each reader has entries of their own.
    """

    def __init__(
        self,
        name: str,
        *depends_on: Dependency,
        query: Canonical | None = None,
        per_reader: bool = False,
    ) -> None:
        self.name, self.depends_on = name, depends_on
        self.query, self.per_reader = query, per_reader

    def read(
        self, release: str, place: str, raw: str, arguments: Arguments
    ) -> tuple[str, CacheSpec]:
        """Return a request's canonical query and its CacheSpec, of no reader yet.

        `place` is scheme and host, `raw` the query string as it came, `arguments` are
        the URL's. Raises ValidationError.
        """
        query, fields = self.query(raw) if self.query else ("", NOTHING)
        parts = [self.name, *arguments.values(), _digest(place, query)]
        bound = tuple(each.bind(arguments, fields) for each in self.depends_on)
        return query, CacheSpec(reads.entry_key(release, *parts), bound)

    def rows(self, document: Mapping[str, Any]) -> list[object]:
        """Return the ids of the rows that an answer (a document, before JSON) shows."""
        selections = (d for d in self.depends_on if isinstance(d, Selection))
        return [row[s.id] for s in selections for row in document["results"]]


def _digest(place: str, query: str) -> str:
    # Scheme and host are in the key, because the links in a list begin with them.
    return blake2b(f"{place}?{query}".encode(), digest_size=8).hexdigest()


@dataclass
class Computation:
    """What the front and the view tell each other while an entry is computed.

    `reader` is None if all readers share the entry; `rows` are the ids of the rows that
    the answer shows.
    """

    reader: Credential | None = None
    rows: list[object] = field(default_factory=list)


class SharedReader:
    """Stands for every reader at once: it is known, and nothing is known of it."""

    is_authenticated, is_anonymous, is_active = True, False, True

    def __getattr__(self, name: str) -> NoReturn:
        raise ImproperlyConfigured(
            f"request.user.{name} was asked for where all readers share the answer: "
            "say Cached(..., per_reader=True), or leave the view uncached"
        )

    def __eq__(self, other: object) -> bool:
        return bool(self.pk)

    def __hash__(self) -> int:
        return int(self.pk)

    def __str__(self) -> str:
        return str(self.pk)


class CachedReads(APIView):
    """Base of a view that has a line `cached = …`. Put it before the other bases."""

    cached: Cached

    @classmethod
    def as_view(cls, **options: Any) -> Any:
        """Return the view. Raises ImproperlyConfigured if it can't be cached."""
        refuse_what_cannot_be_shared(cls)
        view = super().as_view(**options)
        # The front finds it there.
        vars(view)["cached"] = cls.cached
        signals.routed.send(None, view=cls.cached.name)
        return view

    def initialize_request(
        self, request: HttpRequest, *arguments: Any, **named: Any
    ) -> Request:
        """Return the request, of all readers or of the one whose entry is computed."""
        made = super().initialize_request(request, *arguments, **named)
        computation = request.META.get(COMPUTATION)
        if computation:
            reader = computation.reader
            user: Any = get_access().reader(reader) if reader else SharedReader()
            made.user = user
            made.auth = None
        return made

    def finalize_response(
        self, request: Request, response: Any, *arguments: Any, **named: Any
    ) -> Any:
        """Return the response, and tell whoever computes an entry what it shows."""
        response = super().finalize_response(request, response, *arguments, **named)
        computation = request.META.get(COMPUTATION)
        if computation and isinstance(response, Response):
            if response.status_code == 200:
                computation.rows = self.cached.rows(response.data)
        return response


def refuse_what_cannot_be_shared(view: type[CachedReads]) -> None:
    """Raise ImproperlyConfigured, in one line, if a view's answers can't be cached."""
    if not isinstance(getattr(view, "cached", None), Cached):
        raise ImproperlyConfigured(
            f"{view.__name__} has no line `cached = Cached(...)`"
        )
    if view.throttle_classes or view.get_throttles is not APIView.get_throttles:
        raise ImproperlyConfigured(
            f"{view.__name__} has throttles, which no hit counts"
        )
    if view.cached.per_reader:
        return
    classes: Sequence[Any] = view.permission_classes
    private = [
        getattr(each, "__name__", "a combined permission")
        for each in classes
        if not _shared(each)
    ]
    if view.get_permissions is not APIView.get_permissions:
        private.append("get_permissions")
    if private:
        raise ImproperlyConfigured(
            f"{view.__name__} is cached for all readers alike, and "
            f"{', '.join(private)} may not let all of them in: "
            "say Cached(..., per_reader=True), or "
            "`same_for_all_readers = True` in the permission if it does"
        )


def _shared(permission: Any) -> bool:
    # Not inherited: a subclass may tell readers apart.
    said: bool = vars(permission).get("same_for_all_readers", False)
    return permission in SHARED_PERMISSIONS or said
