"""Breaks the protocol on purpose, to prove that the test finds stale reads."""

import math
import time

from caching.stores.redis import RedisStore


def renew_only_before_commit():
    """Renew the tokens before the commit, and never again.

    An answer computed between the two is old, but fits the new token. The pause stands
    for a longer transaction.
    """
    renew = RedisStore.finish

    def add_intent(store, writer, changes):
        renew(store, writer, changes)
        time.sleep(0.02)

    RedisStore.add_intent = add_intent
    RedisStore.finish = lambda store, writer, changes: None


def never_check_that_redis_can_be_written():
    """Read from any Redis that answers."""
    RedisStore.writable_check = property(lambda store: math.inf, lambda *given: None)
    RedisStore.written_at = property(lambda store: 0, lambda *given: None)


WAYS = {
    "renew-only-before-commit": renew_only_before_commit,
    "never-check-that-redis-can-be-written": never_check_that_redis_can_be_written,
    "": lambda: None,
}


def apply(name: str) -> None:
    """Break the protocol in the way of this name; an empty name breaks nothing."""
    WAYS[name]()
