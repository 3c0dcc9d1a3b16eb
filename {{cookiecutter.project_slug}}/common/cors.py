"""CORS: lets web pages of other origins use the API (the Fetch standard).

A WSGI layer before the cache's front: hits get these headers, too, and no entry holds
one reader's origin. (django-cors-headers is a Django middleware: a hit never gets
there.) Without CORS_ALLOWED_ORIGINS it changes nothing. Tokens travel in Authorization
and no cookie is needed, so cookies stay excluded.
"""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.conf import settings

METHODS = "DELETE, GET, HEAD, PATCH, POST, PUT"
SENT = "Authorization, Content-Type, If-Match, If-None-Match"
EXPOSED = "ETag, Location, Retry-After, X-Cache, X-Request-ID"
# Seconds for which a browser remembers what it may send.
REMEMBERED = "600"
Headers = list[tuple[str, str]]


class CORS:
    """Tells browsers which pages may read an answer; answers their preflights."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        if not settings.CORS_ALLOWED_ORIGINS:
            return self.application(environ, start_response)
        origin = environ.get("HTTP_ORIGIN", "")
        allowed = origin in settings.CORS_ALLOWED_ORIGINS
        if allowed and _is_preflight(environ):
            start_response("204 No Content", _add_origin(_permitted(), origin))
            return []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            headers = _add_origin(headers, origin if allowed else "")
            return start_response(status, headers, exc_info)

        return self.application(environ, start)


def _is_preflight(environ: WSGIEnvironment) -> bool:
    asks = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return asks and environ["REQUEST_METHOD"] == "OPTIONS"


def _permitted() -> Headers:
    return [
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", SENT),
        ("Access-Control-Max-Age", REMEMBERED),
    ]


def _add_origin(headers: Headers, origin: str) -> Headers:
    """Return the headers with those for an allowed origin; "" stands for no such."""
    # To another origin the same answer has other headers.
    vary = [value for name, value in headers if name.lower() == "vary"] + ["Origin"]
    rest = [pair for pair in headers if pair[0].lower() != "vary"]
    added = [("Vary", ", ".join(vary))]
    if origin:
        added.append(("Access-Control-Allow-Origin", origin))
        added.append(("Access-Control-Expose-Headers", EXPOSED))
    return rest + added
