"""Counters, in Prometheus's text at /metrics."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    generate_latest,
    multiprocess,
    values,
)

# hit, wait (a hit after waiting for another reader), miss, bypass
READS = Counter("cache_reads", "Cached reads, by what became of them.", ["result"])
NOT_MODIFIED = Counter("cache_not_modified", "Reads answered with a 304.")
INVALIDATIONS = Counter(
    "cache_invalidations", "Writes that renewed a stamp.", ["table"]
)
DEBTS = Counter("cache_debts", "Invalidations owed because the cache was away.")
OVERDUE = Counter("cache_overdue", "Writes that outlived their announcement.")

RESULTS = {name: READS.labels(name) for name in ("hit", "wait", "miss", "bypass")}


@require_safe
def metrics(request):
    """Answer with the counters of all worker processes."""
    registry = None
    if values.ValueClass.__name__ == "MmapedValue":
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    text = generate_latest(registry) if registry else generate_latest()
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)
