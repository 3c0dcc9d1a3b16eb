"""The strategies by name, as a ladder. Each has server processes of its own."""

import importlib.util
from typing import NamedTuple


class Rung(NamedTuple):
    """A way to serve the list of books; `needs` is the package that it uses."""

    title: str
    caches: bool = True
    needs: str = ""


LADDER = {
    "per-book": Rung("no cache, a query per book", caches=False),
    "prefetched": Rung("no cache, prefetched", caches=False),
    "ttl": Rung("TTL only"),
    "flush": Rung("flush by pattern"),
    "cache-page": Rung("Django's cache_page"),
    "cacheops": Rung("django-cacheops", needs="cacheops"),
    "cachalot": Rung("django-cachalot", needs="cachalot"),
    "generation": Rung("generation key"),
    "ours": Rung("this project: stamps"),
}
# The baselines are views of a server of their own, which has no cache.
UNDER = "prefetched"
BASELINES = {
    "baseline-bare": "baseline: the bytes alone",
    "baseline-token": "baseline: the bytes, token checked",
    "baseline-reader": "baseline: the bytes, reader looked up in the database",
    "baseline-redis": "baseline: a Redis GET of the bytes",
}
# A strategy again, behind simplejwt's check of the token instead of the API's, as it is
# usually written. The strategy's own processes serve it.
USUAL = {"flush-reader": "flush by pattern, the reader looked up each time"}
TITLES = {name: rung.title for name, rung in LADDER.items()} | USUAL | BASELINES


def available():
    """Return the names of the rungs whose packages are installed."""
    return [
        name
        for name, rung in LADDER.items()
        if not rung.needs or importlib.util.find_spec(rung.needs)
    ]
