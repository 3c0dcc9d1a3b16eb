"""The rungs of the ladder, by name. Each is served by processes of its own."""

import importlib.util
from typing import NamedTuple


class Rung(NamedTuple):
    """A way to serve the list of books; `needs` names a package it is made of."""

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
# What they are held against; served by processes of their own, without a cache.
UNDER = "prefetched"
FLOORS = {
    "floor-bare": "floor: the bytes alone",
    "floor-token": "floor: and the token checked",
    "floor-reader": "floor: and the reader looked up in the database",
    "floor-redis": "floor: a Redis GET of the bytes",
}
# A rung again, behind simplejwt's own check of the token instead of the API's: how
# it is found in the wild. The rung's own processes serve it.
USUAL = {"flush-reader": "flush by pattern, the reader looked up each time"}
TITLES = {name: rung.title for name, rung in LADDER.items()} | USUAL | FLOORS


def available():
    """Return the names of the rungs whose packages are installed."""
    return [
        name
        for name, rung in LADDER.items()
        if not rung.needs or importlib.util.find_spec(rung.needs)
    ]
