"""What /metrics of this process says, for tests that count."""

import contextlib

from prometheus_client import REGISTRY


def value(name, **labels):
    """Return a sample's value; 0 if nothing was counted yet."""
    return REGISTRY.get_sample_value(name, labels) or 0


def series(*prefixes):
    """Return all samples whose names begin so: {(name, labels): value}."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name.startswith(prefixes)
    }


@contextlib.contextmanager
def changes(*prefixes):
    """Yield a dictionary that is filled at the end: {(name, *labels' values): growth}.

    Buckets are left out, and what has not changed.
    """
    before, grown = series(*prefixes), {}
    yield grown
    for (name, labels), now in series(*prefixes).items():
        growth = now - before.get((name, labels), 0)
        if growth and not name.endswith("_bucket"):
            grown[(name, *(text for _, text in labels))] = growth
