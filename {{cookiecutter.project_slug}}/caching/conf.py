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
    """What can be set, and its defaults."""

    # Where: a Redis address, or empty for this process's memory.
    redis_url: str = ""
    # Before every key. On Redis Cluster use "{library}": braces keep all keys in
    # one slot, which a command on several keys needs.
    prefix: str = "library"
    # Which release this is: two that share a Redis never serve each other's answers.
    release: str = ""
    # How long an answer may be kept, and by how much less at most (a share), so
    # that answers kept together do not expire together.
    ttl: float = 180
    ttl_jitter: float = 0.1
    # How long a write's intent stands before the writer is taken for dead. Longer
    # than any transaction lasts.
    lease: float = 5
    # How long a reader computes before another may (the single-flight lock), and how
    # long the others wait.
    lock: float = 1
    wait: float = 2
    # How long Redis may take to answer, and how long it is left alone after it
    # did not.
    timeout: float = 0.25
    cooldown: float = 1
    # Bodies from this size, in bytes, are stored compressed.
    compress_from: int = 1024
    # Refuse a write (503) that the store can't be told of, instead of invalidating
    # later.
    writes_need_cache: bool = False
    # Decides who may read what is cached: the path of an Access (see access.py).
    access: str = ""


def once_per_settings(function: Callable[[], T]) -> Callable[[], T]:
    """Call the function once, and once more after a test has changed the settings."""
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
