"""Runs the phases, each until it has enough reads or its time is over."""

import contextlib
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from lab.consistency import library
from lab.consistency.clients import Reader, Writer
from lab.consistency.faults import LEASE, FaultInjector
from lab.harness.checker import Checker
from tools.polling import wait_until

READERS = 16
# Seconds between two writes of one writer, on average.
PAUSE = 0.4
# Seconds after the last fault: at most until pending invalidations are flushed, then of
# reading on, then at most until there are hits again (several leases).
UNTIL_FLUSHED, AFTERWARDS, UNTIL_CACHED = 10, 1, 30
INTERVAL = 0.1


class RunFailed(RuntimeError):
    """The test itself broke down; the message is the traceback."""


@dataclass(slots=True)
class Outcome:
    """What one phase found. `within_bound` are the stale reads that are allowed."""

    name: str
    counts: Counter
    stale: list
    faults: Counter
    within_bound: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    seconds: float = 0.0
    pending_writes: int = 0
    longest_pending: float = 0.0

    @property
    def unexplained(self):
        """The stale reads that are not allowed."""
        return [stale for stale in self.stale if stale not in self.within_bound]


class Runner:
    """Runs phases in an Environment and keeps the Outcome of each.

    `allows_pending` says whether a pending invalidation explains stale reads: the cache
    layer allows those, the usual strategy has no such bound. `variables` are for the
    environment of the API.
    """

    def __init__(self, environment, *, allows_pending=True, **variables):
        self.environment, self.variables = environment, variables
        self.allows_pending = allows_pending
        self.checker, self.subjects, self.outcomes = Checker(), None, []

    def run(self, phase, until):
        """Run a phase until `until(outcome, seconds)` is true; return the Outcome.

        The Outcome is kept if this is interrupted, too. Raises RunFailed.
        """
        self._prepare()
        stop = threading.Event()
        injector = FaultInjector(self.environment, phase, stop)
        outcome = Outcome(phase.name, *self.checker.reset(), injector.counts)
        self.outcomes.append(outcome)
        variables = {"CACHE_FAULTS": phase.points, "CACHE_LEASE": str(LEASE)}
        with self.environment.serve(**variables | self.variables) as address:
            clients = self._clients(address, phase.writers, stop)
            began, kills, trouble = time.monotonic(), self.environment.kills(), []
            try:
                with running(clients, stop.set), running([injector], injector.end):
                    while not stop.wait(INTERVAL):
                        if until(outcome, time.monotonic() - began):
                            break
                    injector.end()
                    self._wait_until_flushed()
                    self.checker.cached.clear()
                    stop.wait(AFTERWARDS)
                    trouble = self._wait_until_cached()
            finally:
                outcome.seconds = time.monotonic() - began
                outcome.faults["killed"] += self.environment.kills() - kills
                self._explain(outcome, phase, began, injector.healed)
        outcome.problems = [
            text for each in clients for text in each.problems
        ] + trouble
        for thread in (injector, *clients):
            if thread.failure:
                raise RunFailed(thread.failure)
        return outcome

    def _prepare(self):
        if self.subjects:
            return
        with self.environment.serve(**self.variables) as address:
            with self.environment.librarian(address) as librarian:
                self.subjects = library.build(librarian)

    def _clients(self, address, writers, stop):
        def connect():
            return self.environment.librarian(address), self.checker, stop

        paths = library.paths(self.subjects)
        readers = [Reader(*connect(), paths) for _ in range(READERS)]
        # No subject has two writers: a later write must make a later version.
        shares = [self.subjects[first::writers] for first in range(writers)]
        return readers + [Writer(*connect(), share, PAUSE) for share in shares]

    def _wait_until_flushed(self):
        with contextlib.suppress(TimeoutError):
            wait_until(self._is_flushed, "pending invalidations", UNTIL_FLUSHED)

    def _is_flushed(self):
        pending = self.environment.history().pending()
        return not any(_is_alive(invalidation.pid) for invalidation in pending)

    def _wait_until_cached(self):
        """Wait for a hit of each worker that answers; return what went wrong.

        A cache that stays empty is never stale, and must not pass for that reason.
        """
        try:
            wait_until(lambda: not self._without_a_hit(), "hits", UNTIL_CACHED)
        except TimeoutError:
            without = len(self._without_a_hit())
            return [f"{without} worker(s) without a hit for {UNTIL_CACHED} s"]
        return []

    def _without_a_hit(self):
        workers = self.checker.cached.copy().items()
        return [pid for pid, hit in workers if not hit and _is_alive(int(pid))]

    def _explain(self, outcome, phase, began, healed):
        invalidations = self.environment.history().invalidations.values()
        outcome.within_bound = [
            stale
            for stale in outcome.stale
            if self.allows_pending
            and self.checker.is_within_bound(stale, invalidations, phase.bound)
        ]
        lately = [each for each in invalidations if each.began >= began]
        outcome.pending_writes = len(lately)
        delays = [_delay(invalidation, healed) for invalidation in lately]
        outcome.longest_pending = max(delays, default=0)


def _delay(invalidation, healed):
    """Return the seconds from when it could be flushed until it was."""
    if invalidation.flushed is None:
        return 0
    since = [moment for moment in healed if moment <= invalidation.flushed]
    return invalidation.flushed - max([invalidation.began, *since])


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def running(threads, end):
    """Run threads during a block; at its end call `end` and wait for them."""
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        end()
        for thread in threads:
            thread.join()
