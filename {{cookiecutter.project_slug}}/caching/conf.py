"""The cache layer's settings, from `settings.CACHING`.

Times are in seconds unless the name says otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import TypeVar

from django.conf import settings
from django.core.signals import setting_changed

T = TypeVar("T")


@dataclass(frozen=True)
class Conf:
    """All settings and their defaults."""

    # The address of a Redis. Empty: the memory of this process.
    redis_url: str = ""
    # Begins every key. On Redis Cluster use "{library}": the braces keep all keys in
    # one slot, which commands on several keys need.
    prefix: str = "library"
    # This release's name. Releases that share a Redis share no entries.
    release: str = ""
    # How long an entry is kept. A random share of that, up to `ttl_jitter`, is taken
    # off, so that entries stored together do not expire together.
    ttl: float = 180
    ttl_jitter: float = 0.1
    # How long a write's intent stands until the writer counts as dead. It must be
    # longer than a statement may take: PostgreSQL commits one of a client that died.
    lease: float = 5
    # How long one request may compute before another one starts (the single-flight
    # lock), and how long the others wait for its answer, or for the next one's.
    lock: float = 1
    wait: float = 2
    # How long Redis may take to answer, and how long nobody asks it after it failed.
    timeout: float = 0.25
    cooldown: float = 1
    # How long Redis counts as writable after this process has written to it. So long at
    # most others may serve what could not be invalidated.
    writable_check: float = 1
    # Bodies from this size, in bytes, are stored compressed.
    compress_from: int = 1024
    # While the store is away: refuse writes (503), instead of invalidating later.
    writes_need_cache: bool = False
    # The path of an Access, which decides who may get cached answers (see access.py).
    access: str = ""
    # Whether the page /cache is there, and how many of its streams each process holds.
    page: bool = False
    page_streams: int = 2


def once_per_settings(function: Callable[[], T]) -> Callable[[], T]:
    """Cache what the function returns, until a test changes `settings.CACHING`."""
    remembered = cache(function)

    def forget(*, setting: str, **kwargs: object) -> None:
        if setting == "CACHING":
            remembered.cache_clear()

    setting_changed.connect(forget, weak=False)
    return remembered


@once_per_settings
def conf() -> Conf:
    """Return the settings in force."""
    given = getattr(settings, "CACHING", {})
    return Conf(**{f.name: given[f.name] for f in fields(Conf) if f.name in given})
