"""The front: a WSGI layer that answers cached reads before Django comes into play.

hit    sent from here, in one round trip: the entry and the reader's fingerprint. It
       waits for nothing else, so a server may answer it without a thread (AT_ONCE)
miss   Django is asked with the canonical request alone (requests.py), and its whole
       response is stored; so a hit is the miss, header by header and byte by byte
else   the request goes to Django as it came, and its answer to nobody else
"""

import time
from collections.abc import Iterable
from functools import partial
from http.client import responses as phrases
from typing import Any

from caching import reads, responses, signals
from caching.access import Credential, get_access, lets_in
from caching.at_once import AT_ONCE, WAS_HIT, Later
from caching.conf import conf
from caching.entries import Entry
from caching.reads import HIT, MISS, WAIT, Fetched, Hit
from caching.requests import (
    COMPUTATION,
    ROUTE,
    CanonicalRequest,
    Environ,
    read_request,
)
from caching.responses import Application, Sent, StartResponse, Uncached
from caching.views import Computation


class Front:
    """Answers cached reads; leaves all other requests to `application`."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it. Raises Later."""
        try:
            sent = self.read(environ)
        except Uncached as error:
            start_response(error.status, list(error.headers))
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else error.body]
        if AT_ONCE in environ and (not sent or len(sent.content) > environ[AT_ONCE]):
            raise Later
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
        environ[ROUTE] = request.route
        credential = get_access().credential(environ.get("HTTP_AUTHORIZATION", ""))
        if credential is None:
            return None
        fetched = self.fetch(request, credential, at_once=AT_ONCE in environ)
        if fetched is None:
            return None
        sent = responses.respond(environ, fetched)
        environ[WAS_HIT] = fetched.result == HIT
        _tell(request.view.cached.name, fetched, sent)
        return sent

    def fetch(
        self, request: CanonicalRequest, credential: Credential, *, at_once: bool
    ) -> Fetched | None:
        """Return what answers the request; None if the reader is not let in.

        Raises Later if it is no hit and must be there `at_once`.
        """
        spec, reader = request.spec, None
        if request.view.cached.per_reader:
            spec, reader = credential.own(spec), credential
        allowed, found = reads.try_lookup([credential.spec, spec])
        if at_once and not (isinstance(allowed, Hit) and isinstance(found, Hit)):
            raise Later
        if not lets_in(credential, allowed):
            return None
        compute, began = partial(self.compute, request, reader), time.monotonic()
        fetched = reads.get_or_compute(spec, found, compute)
        if fetched.result == WAIT:
            signals.waited.send(None, seconds=time.monotonic() - began)
            # Access may have been lost meanwhile.
            [allowed] = reads.try_lookup([credential.spec])
            if not lets_in(credential, allowed):
                return None
        return fetched

    def compute(self, request: CanonicalRequest, reader: Credential | None) -> Entry:
        """Return the entry of Django's response to a request. Raises Uncached."""
        computation = Computation(reader)
        environ = request.environ() | {COMPUTATION: computation}
        status, headers, body = responses.call(self.application, environ)
        names = {name.lower() for name, _ in headers}
        if not status.startswith("200 ") or "set-cookie" in names:
            raise Uncached(status, headers, body)
        kept, limit = responses.storable(headers), conf().compress_from
        return Entry.build(
            body, compress_from=limit, rows=computation.rows, headers=kept
        )


def _tell(view: str, fetched: Fetched, sent: Sent) -> None:
    about: dict[str, Any] = {"view": view, "response": sent}
    if fetched.result in (HIT, WAIT):
        signals.hit.send(None, waited=fetched.result == WAIT, **about)
    else:
        about |= {"reason": fetched.reason, "entry": fetched.entry}
        signals.miss.send(None, stored=fetched.result == MISS, **about)
