"""One reading of a request: key, answer and access are all made of it.

Whatever could change an answer is in the CanonicalRequest of a read, and the view is
asked with an environ that is made from it alone: what the key does not hold, the view
can't see. A charset, a prefix, an odd spelling or a stray header of one reader can't
change what another one reads.
"""

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import setting_changed
from django.http.request import split_domain_port
from django.urls import Resolver404, ResolverMatch, resolve
from django.urls.converters import get_converters
from rest_framework.exceptions import ValidationError

from caching.conf import conf
from caching.reads import CacheSpec

# A WSGI environ (PEP 3333).
Environ = dict[str, Any]
# Where the view finds what is computed with it.
COMPUTATION = "caching.computation"
# Where whoever counts requests finds the route (as Django spells it) of a cached view.
ROUTE = "caching.route"
# Longer requests are read anew each time, so that nobody fills the memory with them.
REMEMBERED, LONGEST_REMEMBERED = 4096, 300
# A parameter of a route, as path() spells it.
PARAMETER = re.compile(r"<(?:([^>:]+):)?(\w+)>")
# All that scheme and host are made of (which of it counts is for Django's settings),
# and the prefix below which the server has mounted the API.
PLACE = (
    "SCRIPT_NAME",
    *("HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme"),
    *("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PROTO"),
)


class CanonicalRequest(NamedTuple):
    """A read of a cached view, in the one form of all that mean the same."""

    view: Any
    route: str
    path: str
    query: str
    scheme: str
    host: str
    prefix: str
    spec: CacheSpec

    def environ(self) -> Environ:
        """Return a WSGI environ that holds this request and nothing else."""
        # Unlike urlsplit(), it takes a port that is too large.
        name, port = split_domain_port(self.host)
        usual = "443" if self.scheme == "https" else "80"
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": self.prefix,
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": name,
            "SERVER_PORT": port or usual,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self.host,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }


def read_request(environ: Environ) -> CanonicalRequest | None:
    """Return the CanonicalRequest in `environ`.

    None if it reads no cached view, or is refused by that view or by Django.
    """
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return None
    path, raw = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    place = tuple([environ.get(name) for name in PLACE])
    short = sum(map(len, (path, raw, *filter(None, place)))) <= LONGEST_REMEMBERED
    read = _remembered if short else _read
    return read(conf().release, path, raw, place)


def _read(
    release: str, path: str, raw: str, given: tuple[str | None, ...]
) -> CanonicalRequest | None:
    try:
        match = resolve(_decode(path))
    except Resolver404:
        return None
    cached = getattr(match.func, "cached", None)
    if cached is None:
        return None
    try:
        scheme, host = _read_place(given)
        prefix = given[0] or ""
        place = f"{scheme}://{host}{prefix}"
        query, spec = cached.read(release, place, _decode(raw), match.kwargs)
    except (SuspiciousOperation, ValidationError):
        return None
    path = _spell(match)
    where = (match.func, match.route, path)
    return CanonicalRequest(*where, query, scheme, host, prefix, spec)


def _decode(text: str) -> str:
    # WSGI hands bytes over as Latin-1. Ours are UTF-8, whatever a charset says.
    return text.encode("latin-1").decode("utf-8", "replace")


def _spell(match: ResolverMatch) -> str:
    """Return the path of a route with these arguments, however it was spelled."""
    converters = get_converters()

    def fill(parameter: re.Match[str]) -> str:
        converter = converters[parameter[1] or "str"]
        return converter.to_url(match.kwargs[parameter[2]])

    path = "/" + PARAMETER.sub(fill, match.route)
    if resolve(path).func is not match.func:
        raise ImproperlyConfigured(f"{match.route}: a cached view needs path()")
    return path.encode().decode("latin-1")


def _read_place(place: tuple[str | None, ...]) -> tuple[str, str]:
    given = {name: text for name, text in zip(PLACE, place) if text is not None}
    request = WSGIRequest(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": BytesIO(), **given}
    )
    return request.scheme or "http", request.get_host().lower()


_remembered: Callable[..., CanonicalRequest | None] = lru_cache(REMEMBERED)(_read)


def _forget(**kwargs: object) -> None:
    _remembered.cache_clear()  # type: ignore[attr-defined]  # it is an lru_cache


# What a request means depends on the settings, which only a test changes.
setting_changed.connect(_forget, dispatch_uid="caching.requests")
