"""Gives each request an id, which is in its answer and in each line of the log.

A WSGI layer, before everything else: no answer of the cache holds an id.
"""

import re
import secrets
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.conf import settings

HEADER = "X-Request-ID"
LONGEST_PATH = 200
ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,64}")


class Asked(NamedTuple):
    """What the log says of a request."""

    request_id: str
    address: str
    method: str
    path: str


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


def current() -> Asked | None:
    """Return the request that this thread answers; None outside of one."""
    return _asked.get()


def current_id() -> str:
    """Return the id of the request that this thread answers; "" outside of one."""
    asked = current()
    return asked.request_id if asked else ""


def forget() -> None:
    """Let this thread answer no request any more."""
    _asked.set(None)


def read(environ: WSGIEnvironment, request_id: str = "") -> Asked:
    """Return what the log says of a request: its path is cut, and has no query."""
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    method = environ.get("REQUEST_METHOD", "")
    return Asked(request_id, address_of(environ), method, path[:LONGEST_PATH])


def address_of(environ: WSGIEnvironment) -> str:
    """Return the client's address, which NUM_PROXIES proxies have passed on."""
    proxies = _proxies()
    passed = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    forwarded = passed[-min(proxies, len(passed))].strip() if proxies else ""
    address: str = forwarded or environ.get("REMOTE_ADDR", "")
    return address


class RequestIds:
    """Takes the id that the proxy made, or makes one. A client's own is not trusted."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        request_id = _id_of(environ)
        _asked.set(read(environ, request_id))

        def start(
            status: str, headers: Iterable[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            return start_response(status, [*headers, (HEADER, request_id)], exc_info)

        # The thread keeps it after the return: what is logged while the body is sent
        # and closed belongs to this request, too. (post_request in config/gunicorn.py
        # makes the thread forget it.)
        return self.application(environ, start)


def _proxies() -> int:
    count: Any = settings.REST_FRAMEWORK["NUM_PROXIES"]
    return int(count)


def _id_of(environ: WSGIEnvironment) -> str:
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    by_proxy = _proxies() and ACCEPTED.fullmatch(given)
    return given if by_proxy else secrets.token_hex(16)
