"""Which requests the worker's loop answers itself: hits.

A hit waits for nothing but one answer of the cache. To hand it to a thread, and its
connection back, takes as long as to answer it. So a request whose last answer was a hit
is tried on the loop's own thread. If it is none any more, the front raises Later, and
it gets a thread like all others.

While the loop waits, all clients do. So if hits have become slow, they are forgotten,
and threads answer them for a while: the loop waits once for a Redis that hangs; and for
one that is far away, threads wait side by side.
"""

import time
from collections.abc import Callable, Iterable
from threading import Lock, get_ident
from typing import Any

from prometheus_client import Counter

from caching.at_once import AT_ONCE, WAS_HIT
from config.sockets import SEND_BUFFER

# Requests (as their first lines say them) that are remembered, the oldest first.
MOST, LONGEST = 1024, 300
# Bytes of an answer that goes out without waiting for its client: so much is free where
# the kernel says that there is room.
LARGEST = SEND_BUFFER // 4
# Seconds that a hit may take on average (moving, this share of it the last one), and
# how long hits are left to threads if they take longer.
SLOW, SHARE, PAUSE = 0.005, 0.05, 1

LEFT = Counter(
    "hits_left_to_threads", "How often the cache was too slow for the server's loop."
)

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Hits:
    """Remembers which requests were hits; `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.from_then, self.average = clock, 0.0, 0.0
        self.lines: dict[bytes, None] = {}
        self.lock = Lock()

    def expects(self, line: bytes) -> bool:
        """Return whether to try a request on the loop's thread."""
        return line in self.lines and self.clock() >= self.from_then

    def note(self, request: Any, environ: dict[str, Any]) -> None:
        """Note how gunicorn's request was answered, by its environ."""
        line = f"{request.method} {request.uri}".encode("latin-1", "replace")
        hit = environ.get(WAS_HIT, False) and len(line) <= LONGEST
        if hit == (line in self.lines):
            return
        with self.lock:
            if not hit:
                self.lines.pop(line, None)
                return
            self.lines[line] = None
            if len(self.lines) > MOST:
                self.lines.pop(next(iter(self.lines)))

    def took(self, seconds: float) -> None:
        """Note how long the loop was busy with one."""
        self.average += SHARE * (seconds - self.average)
        if self.average > SLOW:
            self.from_then, self.average = self.clock() + PAUSE, 0.0
            LEFT.inc()
            with self.lock:
                self.lines.clear()


def at_once(application: Application) -> Application:
    """Return the application, which answers on this thread nothing but hits."""
    loop = get_ident()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if get_ident() == loop:
            environ[AT_ONCE] = LARGEST
        return application(environ, start_response)

    return answer
