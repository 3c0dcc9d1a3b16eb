"""Notes what happens: each request, write and single-flight lock.

A note holds no query, no body, no header and no token: of a request its method, path
and id, of a key a digest.
"""

import json
import os
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import connection
from django.dispatch import Signal

from caching import signals
from caching.at_once import WAS_HIT
from caching.page.ring import get_ring
from caching.requests import Environ, read_request
from caching.responses import Application, StartResponse
from caching.stamps import Changes, new_token

PATH = "/cache"
LONGEST_PATH = 200
# Names this process among all that write notes. (A fork changes the second part.)
PROCESS, numbers = new_token(), count(1)


@dataclass
class Seen:
    """What is known so far of the request that this thread answers."""

    id: str
    status: int = 0
    queries: int = 0
    result: str = ""
    reason: str = ""

    def count_query(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """Count a query (Django's instrumentation), and make it."""
        self.queries += 1
        return execute(*arguments)


_seen: ContextVar[Seen | None] = ContextVar("seen", default=None)


class Recorder:
    """A WSGI layer that notes each request but the page's own.

    `request_id` returns the id of the request that this thread answers.
    """

    def __init__(self, application: Application, request_id: Callable[[], str]) -> None:
        self.application, self.request_id = application, request_id

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        if environ["PATH_INFO"].startswith(PATH):
            return self.application(environ, start_response)
        seen, began = Seen(self.request_id()), time.perf_counter()

        def start(status: str, *arguments: Any) -> Any:
            seen.status = int(status.split()[0])
            return start_response(status, *arguments)

        before = _seen.set(seen)
        try:
            with connection.execute_wrapper(seen.count_query):
                body = self.application(environ, start)
        finally:
            _seen.reset(before)
        note_request(environ, seen, time.perf_counter() - began)
        # To note it takes one more answer of Redis, which no server's loop waits for.
        environ.pop(WAS_HIT, None)
        return body


def note_request(environ: Environ, seen: Seen, seconds: float) -> None:
    """Note a request that has been answered, in so many seconds."""
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    request = read_request(environ) if seen.result else None
    note(
        "request",
        request=seen.id,
        method=environ["REQUEST_METHOD"],
        path=path[:LONGEST_PATH],
        status=seen.status,
        result=seen.result,
        reason=seen.reason,
        key=request.spec.key if request else "",
        ms=round(seconds * 1000, 1),
        queries=seen.queries,
    )


def note(kind: str, **fields: Any) -> None:
    """Add a note of this kind, with an id that no other note has."""
    seen = _seen.get()
    about = {
        "id": f"{PROCESS}{os.getpid()}-{next(numbers)}",
        "kind": kind,
        "at": round(time.time() * 1000),
        "process": os.getpid(),
        "request": seen.id if seen else "",
    }
    get_ring().add(json.dumps(about | fields))


def on_hit(*, waited: bool, **kwargs: Any) -> None:
    """Remember that the cache answers this request."""
    if seen := _seen.get():
        seen.result = "wait" if waited else "hit"


def on_miss(*, stored: bool, reason: str, **kwargs: Any) -> None:
    """Remember that the database answers this request."""
    if seen := _seen.get():
        seen.result, seen.reason = "miss" if stored else "bypass", reason


def on_intent(*, writer: str, changes: Changes, told: bool, **kwargs: Any) -> None:
    """Note a write's intent."""
    note("intent", writers=[writer], changes=_texts(changes), told=told)


def on_invalidated(*, writers: list[str], changes: Changes, **kwargs: Any) -> None:
    """Note that the stamps of what was written are renewed."""
    note("invalidated", writers=writers, changes=_texts(changes))


def on_pending(*, writers: list[str], changes: Changes, **kwargs: Any) -> None:
    """Note that the stamps could not be renewed yet."""
    note("pending", writers=writers, changes=_texts(changes))


def on_locked(*, key: str, holder: str, **kwargs: Any) -> None:
    """Note that this request computes an entry for all."""
    note("locked", key=key, holder=holder)


def on_unlocked(*, key: str, holder: str, **kwargs: Any) -> None:
    """Note that it has ended."""
    note("unlocked", key=key, holder=holder)


RECEIVERS: dict[Signal, Callable[..., None]] = {
    signals.hit: on_hit,
    signals.miss: on_miss,
    signals.intent: on_intent,
    signals.invalidated: on_invalidated,
    signals.pending: on_pending,
    signals.locked: on_locked,
    signals.unlocked: on_unlocked,
}


def connect() -> None:
    """Let the cache's signals be noted from now on."""
    for signal, receiver in RECEIVERS.items():
        signal.connect(receiver)


def disconnect() -> None:
    """Let them be noted no more."""
    for signal, receiver in RECEIVERS.items():
        signal.disconnect(receiver)


def _texts(changes: Changes) -> dict[str, str]:
    return {table: str(change) for table, change in changes.items()}
