"""The cache's metrics, for Prometheus. They are receivers of caching/signals.py."""

import threading
from functools import cache
from typing import Any

from django.dispatch import receiver
from prometheus_client import Counter, Gauge, Histogram

from caching import signals
from caching.entries import Entry
from caching.outage import pending
from caching.responses import Sent
from caching.stamps import Changes
from caching.stores import timing

# wait: a hit after waiting for another request.
RESULTS = ("hit", "wait", "miss", "bypass")
READS = Counter(
    "cache_reads", "Cached reads, by what became of them.", ["view", "result"]
)
BYPASSES = Counter("cache_bypasses", "Reads that were not stored, by why.", ["reason"])
NOT_MODIFIED = Counter("cache_not_modified", "Reads answered with a 304.")
WAITS = Histogram(
    "cache_wait_duration_seconds",
    "How long reads waited for the answer that another one computed.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
INTENTS = Counter("cache_intents", "Write intents that the store took.", ["table"])
INVALIDATIONS = Counter(
    "cache_invalidations", "Writes that renewed a stamp.", ["table"]
)
PENDING = Counter("cache_pending", "Invalidations delayed: the cache was away.")
OVERDUE = Counter("cache_overdue", "Writes that outlived their intent.")
PENDING_NOW = Gauge(
    "cache_pending_invalidations",
    "Invalidations that are delayed now.",
    multiprocess_mode="livesum",
)
STORE = Histogram(
    "cache_store_duration_seconds",
    "How long the store took, or took to fail.",
    ["operation"],
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1),
)
BREAKER_OPEN = Gauge(
    "cache_breaker_open",
    "Processes that leave Redis alone, because it failed.",
    multiprocess_mode="livesum",
)
SIZES = Histogram(
    "cache_entry_size_bytes",
    "Bytes of the entries that were stored.",
    ["view"],
    buckets=(256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576),
)

# Each of these is in /metrics from the start, as 0.
REASONS = ("quarantine", "transaction", "unavailable", "unopened", "wait", "write")
BYPASSED = {reason: BYPASSES.labels(reason) for reason in REASONS}
STEPS = {operation: STORE.labels(operation) for operation in timing.STEPS.values()}

# A view's children, looked up once: labels() takes longer than to count.
counted = cache(READS.labels)
_lock = threading.Lock()


def time_step(step: str, seconds: float) -> None:
    """Count a step of the store."""
    STEPS[step].observe(seconds)


timing.observers.append(time_step)


@receiver(signals.routed)
def begin_at_0(*, view: str, **kwargs: Any) -> None:
    """Let each result of a view be in /metrics from the start, as 0.

    Prometheus sees no growth in a series that begins with a number.
    """
    for result in RESULTS:
        counted(view, result)


@receiver(signals.hit)
def count_hit(*, view: str, waited: bool, response: Sent, **kwargs: Any) -> None:
    """Count a read that the cache answered."""
    counted(view, "wait" if waited else "hit").inc()
    _count_not_modified(response)


@receiver(signals.miss)
def count_miss(
    *,
    view: str,
    stored: bool,
    reason: str,
    entry: Entry,
    response: Sent,
    **kwargs: Any,
) -> None:
    """Count a read that the database answered."""
    counted(view, "miss" if stored else "bypass").inc()
    if stored:
        SIZES.labels(view).observe(len(entry.payload))
    else:
        BYPASSED[reason].inc()
    _count_not_modified(response)


@receiver(signals.waited)
def count_wait(*, seconds: float, **kwargs: Any) -> None:
    """Count how long a read waited."""
    WAITS.observe(seconds)


@receiver(signals.broken)
def note_broken(*, broken: bool, **kwargs: Any) -> None:
    """Note whether Redis is left alone."""
    BREAKER_OPEN.set(broken)


@receiver(signals.intent)
def count_intent(*, changes: Changes, told: bool, **kwargs: Any) -> None:
    """Count a write intent."""
    for table in changes if told else ():
        INTENTS.labels(table).inc()


@receiver(signals.invalidated)
def count_invalidated(
    *, sender: Any, changes: Changes, overdue: bool, **kwargs: Any
) -> None:
    """Count a finished write, unless it was counted when it became pending."""
    if sender is pending.flush:
        _note_pending()
    else:
        _count_write(changes, overdue)


@receiver(signals.pending)
def count_pending(*, changes: Changes, overdue: bool, **kwargs: Any) -> None:
    """Count a write whose invalidation is pending."""
    PENDING.inc()
    _note_pending()
    _count_write(changes, overdue)


def _note_pending() -> None:
    # Of two threads, the one that counted last must be the last to set it.
    with _lock:
        PENDING_NOW.set(pending.count())


def _count_not_modified(response: Sent) -> None:
    if response.status_code == 304:
        NOT_MODIFIED.inc()


def _count_write(changes: Changes, overdue: bool) -> None:
    for table in changes:
        INVALIDATIONS.labels(table).inc()
    if overdue:
        OVERDUE.inc()
