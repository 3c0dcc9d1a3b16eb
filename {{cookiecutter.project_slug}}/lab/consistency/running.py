"""The consistency test against an API that runs already, on any number of servers.

It breaks nothing itself: servers may be replaced or killed meanwhile. A load balancer
that adds `X-Worker` to the answers tells which server gave them.
"""

import contextlib
import math
import threading
import time
from collections import Counter

from lab.consistency import library
from lab.consistency.clients import Reader, Writer
from lab.consistency.runner import PAUSE, READERS, Outcome, RunFailed, running
from lab.harness.checker import Checker
from lab.harness.clients import Connection

WRITERS = 4
# What a balancer says when a server is gone. The request may have reached it.
GONE = {502, 503, 504}


class Patient(Connection):
    """A connection that ends when there is no server behind the balancer."""

    def exchange(self, request):
        """Send the bytes of a request; return the Answer. Raises OSError."""
        answer = super().exchange(request)
        if answer.status in GONE:
            self.close()
            raise ConnectionError(f"the balancer answered {answer.status}")
        return answer


def run(address, token, reads, seconds=None):
    """Read and write until `reads`, `seconds` or Ctrl-C; return (Outcome, servers).

    `token` is a librarian's access token. The servers are those that served a hit.
    Raises RunFailed.
    """
    checker, stop = Checker(), threading.Event()
    outcome = Outcome("running", *checker.reset(), Counter())
    clients = _clients(address, token, checker, stop)
    began = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt), running(clients, stop.set):
        while not stop.wait(0.1) and outcome.counts["reads"] < reads:
            if time.monotonic() - began > (seconds or math.inf):
                break
    outcome.seconds = time.monotonic() - began
    outcome.problems = [text for each in clients for text in each.problems]
    for failure in filter(None, (each.failure for each in clients)):
        raise RunFailed(failure)
    return outcome, sorted(name for name, hit in checker.cached.items() if hit)


def _clients(address, token, checker, stop):
    def connect():
        return Patient(address, token), checker, stop

    with Patient(address, token) as librarian:
        subjects = library.build(librarian)
    lists, details = library.paths(subjects)
    # Only the test's own servers have this one.
    lists = [path for path in lists if not path.startswith("/own/")]
    readers = [Reader(*connect(), (lists, details)) for _ in range(READERS)]
    shares = [subjects[first::WRITERS] for first in range(WRITERS)]
    return readers + [Writer(*connect(), share, PAUSE) for share in shares]
