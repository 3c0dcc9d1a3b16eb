"""One phase after the other, each until enough was read or enough time has passed."""

import contextlib
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from lab.consistency import library
from lab.consistency.clients import Reader, Writer
from lab.consistency.faults import Striker
from lab.harness.checker import Judge
from tests.polling import wait_until

READERS = 16
# Seconds between two writes of one writer, on average.
PAUSE = 0.4
# Shorter than the default, so that more failures and recoveries fit into a hunt.
LEASE = 2
# For how many seconds a debt excuses stale reads if its process died: an entry's
# life (the default), and a while for the reader who keeps one late.
BOUND = 180 + LEASE
# Seconds: for debts to be paid after the last strike, to read on after that, and for
# hits to come again (several leases).
UNTIL_PAID, AFTERWARDS, UNTIL_CACHED = 10, 1, 30
LOOK = 0.1


class Failed(Exception):
    """The hunt itself broke down: says how."""


@dataclass(slots=True)
class Outcome:
    """What one phase found; `owed` are those of the `stale` that the bound admits."""

    name: str
    counts: Counter
    stale: list
    strikes: Counter
    owed: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    seconds: float = 0.0
    debts: int = 0
    longest_debt: float = 0.0

    @property
    def unexplained(self):
        """The stale reads that should not be."""
        return [stale for stale in self.stale if stale not in self.owed]


class Chase:
    """Hunts on a Ground and keeps the Outcome of each phase.

    `admits` says whether a debt excuses what it left stale, as the cache layer claims
    and the usual strategy can't. `variables` are for the API's environment.
    """

    def __init__(self, ground, *, admits=True, **variables):
        self.ground, self.admits, self.variables = ground, admits, variables
        self.judge, self.subjects, self.outcomes = Judge(), None, []

    def run(self, phase, until):
        """Hunt until `until(outcome, seconds)` is true; return the Outcome.

        It is kept even if this is interrupted. Raises Failed.
        """
        self._prepare()
        stop = threading.Event()
        striker = Striker(self.ground, phase.strikes, stop)
        outcome = Outcome(phase.name, *self.judge.turn_page(), striker.counts)
        self.outcomes.append(outcome)
        variables = {"CACHE_FAULTS": phase.points, "CACHE_LEASE": str(LEASE)}
        with self.ground.serve(**variables | self.variables) as address:
            clients = self._clients(address, stop)
            began, kills, trouble = time.monotonic(), self.ground.kills(), []
            try:
                with _running(clients, stop.set), _running([striker], striker.end):
                    while not stop.wait(LOOK):
                        if until(outcome, time.monotonic() - began):
                            break
                    striker.end()
                    self._wait_until_paid()
                    self.judge.cached.clear()
                    stop.wait(AFTERWARDS)
                    trouble = self._wait_until_cached()
            finally:
                outcome.seconds = time.monotonic() - began
                outcome.strikes["killed"] += self.ground.kills() - kills
                self._judge(outcome, began, striker.healed)
        outcome.problems = [
            text for each in clients for text in each.problems
        ] + trouble
        for thread in (striker, *clients):
            if thread.failure:
                raise Failed(thread.failure)
        return outcome

    def _prepare(self):
        if self.subjects:
            return
        with self.ground.serve(**self.variables) as address:
            with self.ground.librarian(address) as librarian:
                self.subjects = library.build(librarian)

    def _clients(self, address, stop):
        librarian = self.ground.librarian
        paths = library.paths(self.subjects)
        readers = [
            Reader(librarian(address), self.judge, stop, paths) for _ in range(READERS)
        ]
        # No two write the same: what comes later must be the later version.
        shares = [self.subjects[first::4] for first in range(4)]
        return readers + [
            Writer(librarian(address), self.judge, stop, share, PAUSE)
            for share in shares
        ]

    def _wait_until_paid(self):
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not self._owing(), "debts to be paid", UNTIL_PAID)

    def _owing(self):
        return [debt for debt in self.ground.ledger().unpaid() if _is_alive(debt.pid)]

    def _wait_until_cached(self):
        """Wait for a hit from each worker that answers; return what went wrong.

        A cache that never comes back is never stale either.
        """
        try:
            wait_until(lambda: not self._without_a_hit(), "hits", UNTIL_CACHED)
        except TimeoutError:
            without = len(self._without_a_hit())
            return [f"{without} worker(s) without a hit for {UNTIL_CACHED} s"]
        return []

    def _without_a_hit(self):
        workers = self.judge.cached.copy().items()
        return [pid for pid, hit in workers if not hit and _is_alive(int(pid))]

    def _judge(self, outcome, began, healed):
        debts = self.ground.ledger().debts.values()
        outcome.owed = [
            stale
            for stale in outcome.stale
            if self.admits and self.judge.is_owed(stale, debts, BOUND)
        ]
        lately = [debt for debt in debts if debt.opened >= began]
        outcome.debts = len(lately)
        outcome.longest_debt = max((_age(debt, healed) for debt in lately), default=0)


def _age(debt, healed):
    """Return the seconds from when a debt could be paid until it was."""
    if debt.closed is None:
        return 0
    since = [moment for moment in healed if moment <= debt.closed]
    return debt.closed - max([debt.opened, *since])


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def _running(threads, end):
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        end()
        for thread in threads:
            thread.join()
