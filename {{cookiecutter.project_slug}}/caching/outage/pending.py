"""Pending invalidations: they could not be made, because the store was away.

The process keeps them, and flushes them as soon as the store answers again. A thread
tries to, every PAUSE seconds. Until it succeeds, this process serves no hit. For the
limits see "What it can't" in README.md.
"""

import threading
import time
from contextlib import suppress

from caching import signals
from caching.stamps import Change, Changes, new_token
from caching.stores import Store, Unavailable, get_store

# Seconds between two attempts.
PAUSE = 0.1

_changes: dict[str, Change] = {}
# The tokens of the writes whose changes these are: one for each call of add().
_writers: list[str] = []
_lock = threading.Lock()
_flushing = threading.Lock()


def add(writer: str, changes: Changes) -> None:
    """Remember changes that a writer could not invalidate, and start to retry."""
    with _lock:
        nobody_tries = not _changes
        _writers.append(writer)
        for table, change in changes.items():
            _changes[table] = _changes.get(table, change) | change
    if nobody_tries:
        threading.Thread(target=_keep_trying, daemon=True, name="pending").start()


def flush(store: Store) -> None:
    """Make all pending invalidations. On Unavailable, which it raises, they stay."""
    while _changes:
        with _flushing:
            with _lock:
                changes, writers = dict(_changes), list(_writers)
            if changes:
                store.finish(new_token(), changes)
            with _lock:
                # If more was added meanwhile, maybe to the same rows: do all once more.
                done = len(writers) == len(_writers)
                if done:
                    forget()
        if changes and done:
            signals.invalidated.send(
                flush, writers=writers, changes=changes, overdue=False
            )


def flush_at_exit() -> None:
    """Try a last time. When this process ends, what is still pending is lost."""
    with suppress(Unavailable):
        flush(get_store())


def count() -> int:
    """Return how many writes' invalidations are pending."""
    return len(_writers)


def forget() -> None:
    """Forget all pending invalidations."""
    _changes.clear()
    _writers.clear()


def _keep_trying() -> None:
    store = get_store()
    while _changes:
        try:
            if store.ping():
                flush(store)
                continue
        except Unavailable:
            pass
        time.sleep(PAUSE)
