"""The checker: what each read has shown, and whether it was too old.

One process keeps the record, in order, under a lock. Two things set the oldest version
that a read may show: the writes that were acknowledged before it began, and what other
reads had shown by then.
"""

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Write:
    """A write that was sent; `acked` stays None until it is known to have happened."""

    version: int
    sent: float
    acked: float | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """When a read began (seconds, monotonic), and {subject: oldest version allowed}."""

    began: float
    oldest: dict


@dataclass(slots=True)
class Stale:
    """A read that showed a version too old: {subject: (shown, oldest allowed)}."""

    path: str
    source: str
    worker: str
    began: float
    ended: float
    missed: dict = field(default_factory=dict)


class Checker:
    """Keeps the record of one test, and its counts.

    `cached` is {worker: whether it served a hit}, since somebody last cleared it.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.oldest = {}
        self.writes = defaultdict(list)
        self.cached = {}
        self.reset()

    def reset(self):
        """Begin new counts and a new list of stale reads; return both."""
        with self.lock:
            self.counts, self.stale = Counter(), []
            return self.counts, self.stale

    def count(self, event):
        """Count one event of this name."""
        with self.lock:
            self.counts[event] += 1

    def begin_read(self):
        """Return the Read that begins now."""
        with self.lock:
            return Read(time.monotonic(), dict(self.oldest))

    def end_read(self, read, versions, *, path, source, worker):
        """Record the versions that a read has shown, {subject: version}; check them."""
        now = time.monotonic()
        with self.lock:
            self.counts["reads"] += 1
            self.counts[source] += 1
            self.cached[worker] = self.cached.get(worker, False) or source == "hit"
            missed = {
                subject: (version, read.oldest[subject])
                for subject, version in versions.items()
                if version < read.oldest.get(subject, 0)
            }
            if missed:
                found = Stale(path, source, worker, read.began, now, missed)
                self.stale.append(found)
            for subject, version in versions.items():
                self._raise(subject, version)

    def begin_write(self, subject):
        """Return the Write of the subject's next version, which is sent now."""
        with self.lock:
            writes = self.writes[subject]
            version = writes[-1].version + 1 if writes else 1
            writes.append(Write(version, time.monotonic()))
            return writes[-1]

    def acknowledge(self, subject, write):
        """Record that the write has happened."""
        with self.lock:
            self.counts["writes"] += 1
            write.acked = time.monotonic()
            self._raise(subject, write.version)

    def forget(self, subject, write):
        """Record that the write has not happened."""
        with self.lock:
            self.writes[subject].remove(write)

    def _raise(self, subject, version):
        if version > self.oldest.get(subject, 0):
            self.oldest[subject] = version

    def is_within_bound(self, stale, invalidations, bound):
        """Return whether a pending invalidation explains each write that was missed.

        The cache layer allows stale reads in that case alone: the process that wrote
        could not reach Redis, and had not flushed its invalidations yet. If it died,
        they explain stale reads for `bound` seconds.
        """
        return all(
            any(_explains(each, subject, write, stale, bound) for each in invalidations)
            for subject, (shown, oldest) in stale.missed.items()
            for write in self._missed_writes(subject, shown, oldest)
        )

    def _missed_writes(self, subject, shown, oldest):
        # Without an acknowledgement a write may not have happened, unless it was read.
        return [
            write
            for write in self.writes[subject]
            if shown < write.version <= oldest
            and (write.acked is not None or write.version == oldest)
        ]


def _explains(invalidation, subject, write, stale, bound):
    began, flushed = invalidation.began, invalidation.flushed
    is_of_this_write = (
        invalidation.covers(subject.table, subject.id)
        and write.sent <= began
        and (write.acked is None or began <= write.acked)
    )
    was_pending = flushed is None or flushed >= stale.began
    return is_of_this_write and was_pending and stale.began <= began + bound
