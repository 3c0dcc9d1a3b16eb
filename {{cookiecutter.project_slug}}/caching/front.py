"""The front: a WSGI layer that answers cached reads before Django comes into play.

hit    sent from here, in one round trip: the entry and the reader's fingerprint
miss   Django is asked with the canonical request alone (requests.py), and its whole
       response is stored; so a hit is the miss, header by header and byte by byte
else   the request goes to Django as it came, and its answer to nobody else
"""

from collections.abc import Callable, Iterable
from functools import partial
from http.client import responses as phrases
from typing import Any

from django.db import DatabaseError, close_old_connections, connection

from caching import reads, signals
from caching.access import Credential, get_access, lets_in
from caching.conf import conf
from caching.entries import Entry, Headers
from caching.reads import (
    HIT,
    MISS,
    WAIT,
    CacheSpec,
    Fetched,
    Found,
    Hit,
    Uncacheable,
)
from caching.requests import COMPUTATION, CanonicalRequest, Environ, read_request
from caching.responses import Sent, respond, storable
from caching.views import Computation

# WSGI's (PEP 3333).
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Uncached(Uncacheable):
    """Carries an answer that is not stored: no 200, or one that sets a cookie."""

    def __init__(self, status: str, headers: Headers, body: bytes) -> None:
        super().__init__()
        self.status, self.headers, self.body = status, headers, body


class Front:
    """Answers cached reads; leaves all other requests to `application`."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        try:
            sent = self.read(environ)
        except Uncached as error:
            start_response(error.status, list(error.headers))
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else error.body]
        if sent is None:
            return self.application(environ, start_response)
        status = f"{sent.status_code} {phrases[sent.status_code]}"
        start_response(status, list(sent.headers.items()))
        return [sent.content]

    def read(self, environ: Environ) -> Sent | None:
        """Return the answer to a cached read.

        None if it is none, or its reader is not let in. Raises Uncached.
        """
        request = read_request(environ)
        if request is None:
            return None
        credential = get_access().credential(environ.get("HTTP_AUTHORIZATION", ""))
        if credential is None:
            return None
        fetched = self.fetch(request, credential)
        if fetched is None:
            return None
        sent = respond(environ, fetched)
        _tell(fetched, sent)
        return sent

    def fetch(
        self, request: CanonicalRequest, credential: Credential
    ) -> Fetched | None:
        """Return what answers the request; None if the reader is not let in."""
        spec, reader = request.spec, None
        if request.view.cached.per_reader:
            spec, reader = _of_one_reader(spec, credential), credential
        allowed, found = reads.try_lookup([credential.spec, spec])
        if not _is_let_in(credential, allowed):
            return None
        compute = partial(self.compute, request, reader)
        fetched = reads.get_or_compute(spec, found, compute)
        if fetched.result == WAIT:
            # Access may have been lost meanwhile.
            [allowed] = reads.try_lookup([credential.spec])
            if not _is_let_in(credential, allowed):
                return None
        return fetched

    def compute(self, request: CanonicalRequest, reader: Credential | None) -> Entry:
        """Return the entry of Django's response to a request. Raises Uncached."""
        computation = Computation(reader)
        environ = request.environ() | {COMPUTATION: computation}
        status, headers, body = call(self.application, environ)
        names = {name.lower() for name, _ in headers}
        if not status.startswith("200 ") or "set-cookie" in names:
            raise Uncached(status, headers, body)
        return Entry.build(
            body,
            compress_from=conf().compress_from,
            rows=computation.rows,
            headers=storable(headers),
        )


def _of_one_reader(spec: CacheSpec, credential: Credential) -> CacheSpec:
    # What a reader may see can change with the reader.
    depends_on = spec.depends_on + credential.spec.depends_on
    return CacheSpec(f"{spec.key}:{credential.subject}", depends_on)


def _is_let_in(credential: Credential, found: Found) -> bool:
    if isinstance(found, Hit):
        return found.entry.payload == credential.fingerprint
    _close_old_connections()
    try:
        return lets_in(credential, found)
    except DatabaseError:
        # Django will meet the same error, and knows how to say it.
        return False
    finally:
        _close_old_connections()


def _close_old_connections() -> None:
    # As Django does before and after each of its requests, of which this is none.
    if not connection.in_atomic_block:
        close_old_connections()


def call(application: Application, environ: Environ) -> tuple[str, Headers, bytes]:
    """Return what a WSGI application answers: status line, headers, body."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Any:
        started[:] = [status, tuple(headers)]
        return written.append

    body = application(environ, start_response)
    try:
        written.extend(body)
    finally:
        # Django's request ends when its response is closed.
        getattr(body, "close", lambda: None)()
    return started[0], started[1], b"".join(written)


def _tell(fetched: Fetched, sent: Sent) -> None:
    if fetched.result in (HIT, WAIT):
        signals.hit.send(None, waited=fetched.result == WAIT, response=sent)
    else:
        stored = fetched.result == MISS
        signals.miss.send(None, stored=stored, reason=fetched.reason, response=sent)
