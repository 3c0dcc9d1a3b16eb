"""Who was shown what, and whether it was too old.

One process keeps the record, in order, under a lock: what a write was acknowledged
with or a read has shown before another read begins is the least it may show.
"""

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Write:
    """A write that was sent; `acked` is None while, or if, nobody heard of it again."""

    version: int
    sent: float
    acked: float | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """When a read began (seconds, monotonic), and the least it may show."""

    began: float
    floors: dict


@dataclass(slots=True)
class Stale:
    """A read that showed too little: {subject: (shown, floor)}."""

    path: str
    source: str
    worker: str
    began: float
    ended: float
    missed: dict = field(default_factory=dict)


class Judge:
    """Keeps the record of one hunt, and its counts.

    `cached`, {worker: whether it served a hit}, is for who clears it to look at.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.floors = {}
        self.writes = defaultdict(list)
        self.cached = {}
        self.turn_page()

    def turn_page(self):
        """Begin new counts and a new list of stale reads; return the two."""
        with self.lock:
            self.counts, self.stale = Counter(), []
            return self.counts, self.stale

    def count(self, what):
        """Count one of `what`."""
        with self.lock:
            self.counts[what] += 1

    def begin(self):
        """Return the Read that begins now."""
        with self.lock:
            return Read(time.monotonic(), dict(self.floors))

    def end(self, read, versions, *, path, source, worker):
        """Judge what the read has shown: {subject: version}."""
        now = time.monotonic()
        with self.lock:
            self.counts["reads"] += 1
            self.counts[source] += 1
            self.cached[worker] = self.cached.get(worker, False) or source == "hit"
            missed = {
                subject: (version, read.floors[subject])
                for subject, version in versions.items()
                if version < read.floors.get(subject, 0)
            }
            if missed:
                found = Stale(path, source, worker, read.began, now, missed)
                self.stale.append(found)
            for subject, version in versions.items():
                self._raise(subject, version)

    def sends(self, subject):
        """Return the Write of the subject's next version, which is sent now."""
        with self.lock:
            writes = self.writes[subject]
            version = writes[-1].version + 1 if writes else 1
            writes.append(Write(version, time.monotonic()))
            return writes[-1]

    def acknowledges(self, subject, write):
        """Note that the write is known to have happened."""
        with self.lock:
            self.counts["writes"] += 1
            write.acked = time.monotonic()
            self._raise(subject, write.version)

    def forgets(self, subject, write):
        """Note that the write is known not to have happened."""
        with self.lock:
            self.writes[subject].remove(write)

    def _raise(self, subject, version):
        if version > self.floors.get(subject, 0):
            self.floors[subject] = version

    def is_owed(self, stale, debts, bound):
        """Return whether every write that the read missed was owed while it was read.

        That is the one staleness the cache layer admits: the write's process could
        not reach Redis, and had not paid yet. `bound` is for how many seconds a debt
        excuses at most (its process may have died).
        """
        return all(
            any(_excuses(debt, subject, write, stale, bound) for debt in debts)
            for subject, (shown, floor) in stale.missed.items()
            for write in self._missed_writes(subject, shown, floor)
        )

    def _missed_writes(self, subject, shown, floor):
        # A write that nobody heard of again may never have happened; the floor did.
        return [
            write
            for write in self.writes[subject]
            if shown < write.version <= floor
            and (write.acked is not None or write.version == floor)
        ]


def _excuses(debt, subject, write, stale, bound):
    is_of_this_write = (
        debt.covers(subject.table, subject.id)
        and write.sent <= debt.opened
        and (write.acked is None or debt.opened <= write.acked)
    )
    is_unpaid = debt.closed is None or debt.closed >= stale.began
    return is_of_this_write and is_unpaid and stale.began <= debt.opened + bound
