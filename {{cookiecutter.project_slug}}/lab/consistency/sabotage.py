"""Breaks the protocol on purpose: a hunter that finds nothing here is blind."""

import time

from caching.stores.redis import RedisStore


def renew_only_before_commit():
    """Renew the tokens before the commit, and never again.

    What a reader computes between the two is old, and fits the new token. The pause
    is the time that a longer transaction would take.
    """
    renew = RedisStore.finish

    def add_intent(store, writer, changes):
        renew(store, writer, changes)
        time.sleep(0.02)

    RedisStore.add_intent = add_intent
    RedisStore.finish = lambda store, writer, changes: None


WAYS = {"renew-only-before-commit": renew_only_before_commit, "": lambda: None}


def do(name):
    """Break it in the way with this name; an empty name breaks nothing."""
    WAYS[name]()
