"""Counts requests and times them: `http_server_…` in /metrics.

The names and labels are OpenTelemetry's semantic conventions for HTTP, as Prometheus
writes them. A WSGI layer before everything else, so that hits are counted as well. It
resolves no URL: the cache's front and Django do, and leave the route in the environ.
"""

from collections.abc import Callable, Iterable
from functools import cache
from time import perf_counter
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.http import HttpRequest, HttpResponse
from prometheus_client import Gauge, Histogram

from caching.at_once import Later
from caching.requests import ROUTE
from common.errors import not_found

# Of a path that no view has, and of a request that was answered before its view was
# looked for: a body that is too large, a browser's preflight, a static file.
UNKNOWN = "unknown"
# HTTP's own methods. A client may invent any number of others.
METHODS = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split()
OTHER = "_OTHER"

DURATION = Histogram(
    "http_server_request_duration_seconds",
    "How long the server took until its answer could be sent.",
    ["http_request_method", "http_route", "http_response_status_code"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ACTIVE = Gauge(
    "http_server_active_requests",
    "Requests that are being answered, this one of /metrics as well.",
    ["http_request_method"],
    multiprocess_mode="livesum",
)
BY_METHOD = {method: ACTIVE.labels(method) for method in (*METHODS, OTHER)}
# labels() takes longer than counting. The cache holds one child for each series.
observed = cache(DURATION.labels)


class HTTPMetrics:
    """Counts each request, and what it was answered."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        given = environ["REQUEST_METHOD"]
        method = given if given in BY_METHOD else OTHER
        # What the server answers after an exception.
        code = "500"

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            nonlocal code
            code = status[:3]
            return start_response(status, headers, exc_info)

        active, began = BY_METHOD[method], perf_counter()
        active.inc()
        try:
            return self.application(environ, start)
        except Later:
            # It comes again, and counts then.
            code = ""
            raise
        finally:
            active.dec()
            if code:
                seconds = perf_counter() - began
                observed(method, _route_of(environ), code).observe(seconds)


class Routes:
    """A middleware of Django that leaves the route of the view it found."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Note the route; none for the view that stands for all other paths."""
        match = request.resolver_match
        if match and match.func is not not_found:
            request.META[ROUTE] = match.route


def _route_of(environ: WSGIEnvironment) -> str:
    route = environ.get(ROUTE)
    return UNKNOWN if route is None else f"/{route}"
