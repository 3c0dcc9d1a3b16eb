"""Faults put back on purpose, to prove that the hostile client finds them."""

import re
from threading import local

from caching import views
from caching.front import Front
from caching.requests import CanonicalRequest
from common import framing

NEVER = re.compile(r"(?!)")


def client_charset() -> None:
    """Let the view read the client's own query by its own charset, as it once did.

    So the answer is made of an input that the key does not hold.
    """
    framing.CHARSET = NEVER
    current, read, canonical = local(), Front.read, CanonicalRequest.environ

    def remember(front, environ):
        current.environ = environ
        return read(front, environ)

    def environ(request):
        names = ("CONTENT_TYPE", "QUERY_STRING")
        given = {name: current.environ.get(name, "") for name in names}
        return canonical(request) | given

    Front.read, CanonicalRequest.environ = remember, environ


def key_without_host() -> None:
    """Share the answers of all hosts, whose links differ."""
    digest = views._digest
    views._digest = lambda place, query: digest("", query)


WAYS = {
    "client-charset": client_charset,
    "key-without-host": key_without_host,
    "": lambda: None,
}


def apply(name: str) -> None:
    """Put the fault of this name back; an empty name puts none."""
    WAYS[name]()
