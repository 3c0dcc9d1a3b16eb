"""Counters for Prometheus, at /metrics. They are receivers of caching/signals.py."""

from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    generate_latest,
    multiprocess,
    values,
)

from caching import signals
from caching.outage import pending
from caching.responses import Sent
from caching.stamps import Changes

# hit, wait (a hit after waiting for another request), miss, bypass
READS = Counter("cache_reads", "Cached reads, by what became of them.", ["result"])
NOT_MODIFIED = Counter("cache_not_modified", "Reads answered with a 304.")
INVALIDATIONS = Counter(
    "cache_invalidations", "Writes that renewed a stamp.", ["table"]
)
PENDING = Counter("cache_pending", "Invalidations delayed: the cache was away.")
OVERDUE = Counter("cache_overdue", "Writes that outlived their intent.")

RESULTS = {name: READS.labels(name) for name in ("hit", "wait", "miss", "bypass")}


@receiver(signals.hit)
def count_hit(*, waited: bool, response: Sent, **kwargs: Any) -> None:
    """Count a read that the cache answered."""
    RESULTS["wait" if waited else "hit"].inc()
    _count_not_modified(response)


@receiver(signals.miss)
def count_miss(*, stored: bool, response: Sent, **kwargs: Any) -> None:
    """Count a read that the database answered."""
    RESULTS["miss" if stored else "bypass"].inc()
    _count_not_modified(response)


@receiver(signals.invalidated)
def count_invalidated(
    *, sender: Any, changes: Changes, overdue: bool, **kwargs: Any
) -> None:
    """Count a finished write, unless it was counted when it became pending."""
    if sender is not pending.flush:
        _count_write(changes, overdue)


@receiver(signals.pending)
def count_pending(*, changes: Changes, overdue: bool, **kwargs: Any) -> None:
    """Count a write whose invalidation is pending."""
    PENDING.inc()
    _count_write(changes, overdue)


def _count_not_modified(response: Sent) -> None:
    if response.status_code == 304:
        NOT_MODIFIED.inc()


def _count_write(changes: Changes, overdue: bool) -> None:
    for table in changes:
        INVALIDATIONS.labels(table).inc()
    if overdue:
        OVERDUE.inc()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the counters of all worker processes, as text."""
    registry = None
    if values.ValueClass.__name__ == "MmapedValue":
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    text = generate_latest(registry) if registry else generate_latest()
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)
