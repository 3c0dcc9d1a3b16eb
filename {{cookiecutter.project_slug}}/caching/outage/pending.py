"""Pending invalidations: those that could not be made, because the store was away.

The process that has them flushes them as soon as the store answers: a thread tries,
and no hit is served here before. What this can't do is in README.md, under "What it
can't".
"""

import threading
import time
from contextlib import suppress

from caching import signals
from caching.stamps import Change, Changes, new_token
from caching.stores import Store, Unavailable, get_store

# Seconds between two tries.
PAUSE = 0.1

_changes: dict[str, Change] = {}
# Whose changes they are: one for each call of add().
_writers: list[str] = []
_lock = threading.Lock()
_flushing = threading.Lock()


def add(writer: str, changes: Changes) -> None:
    """Remember what a writer could not invalidate, and see to it that it is made."""
    with _lock:
        nobody_tries = not _changes
        _writers.append(writer)
        for table, change in changes.items():
            _changes[table] = _changes.get(table, change) | change
    if nobody_tries:
        threading.Thread(target=_keep_trying, daemon=True, name="pending").start()


def flush(store: Store) -> None:
    """Make all that is pending. Raises Unavailable, and then it still is."""
    while _changes:
        with _flushing:
            with _lock:
                changes, writers = dict(_changes), list(_writers)
            if changes:
                store.finish(new_token(), changes)
            with _lock:
                # What was added meanwhile may be of the same rows: then all once more.
                done = len(writers) == len(_writers)
                if done:
                    forget()
        if changes and done:
            signals.invalidated.send(
                flush, writers=writers, changes=changes, overdue=False
            )


def flush_at_exit() -> None:
    """Try once more before this process ends and its pending invalidations with it."""
    with suppress(Unavailable):
        flush(get_store())


def is_empty() -> bool:
    """Return whether nothing is pending."""
    return not _changes


def forget() -> None:
    """Forget what is pending."""
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
