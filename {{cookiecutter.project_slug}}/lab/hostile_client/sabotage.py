"""Faults put back on purpose, to prove that the hostile client finds them."""

import re
from threading import local

from caching import views
from caching.front import Front
from caching.requests import CanonicalRequest
from common import framing

NEVER = re.compile(r"(?!)")


def client_environ() -> None:
    """Let the view see the client's own environ, as before there was a front.

    So the answer is made of the charset and the prefix, too, and the key is not.
    """
    framing.CHARSET = NEVER
    current, read, canonical = local(), Front.read, CanonicalRequest.environ

    def remember(front, environ):
        current.environ = environ
        return read(front, environ)

    def environ(request):
        made = canonical(request) | current.environ
        return made | {"REQUEST_METHOD": "GET"}

    Front.read, CanonicalRequest.environ = remember, environ


def key_without_host() -> None:
    """Share the answers of all hosts, whose links differ."""
    digest = views._digest
    views._digest = lambda place, query: digest("", query)


WAYS = {
    "client-environ": client_environ,
    "key-without-host": key_without_host,
    "": lambda: None,
}


def apply(name: str) -> None:
    """Put the fault of this name back; an empty name puts none."""
    WAYS[name]()
