"""Invalidations that could not be made because the store was away.

The process that owes them pays as soon as the store answers: a thread tries, and no
hit is served here before. What this leaves is in README.md, under "What it can't".
"""

import threading
import time
from contextlib import suppress

from caching import stamps
from caching.breaker import Unavailable
from caching.metrics import DEBTS
from caching.store import get_store

PAUSE = 0.1

_owed = {}
_made = 0
_lock = threading.Lock()
_paying = threading.Lock()


def owe(changes):
    """Remember {table: Change}, and see to it that it is paid."""
    global _made
    with _lock:
        _made += 1
        nobody_pays = not _owed
        for table, change in changes.items():
            _owed[table] = _owed.get(table, change) | change
    DEBTS.inc()
    if nobody_pays:
        threading.Thread(target=_keep_trying, daemon=True, name="debts").start()


def pay(store):
    """Renew all that is owed. Raises Unavailable, and then still owes it."""
    while _owed:
        with _paying:
            with _lock:
                changes, made = dict(_owed), _made
            if changes:
                store.finish(stamps.new_token(), changes)
            with _lock:
                # A debt made meanwhile may be of the same rows: then all once more.
                if made == _made:
                    _owed.clear()


def pay_at_exit():
    """Try once more before this process ends and takes its debts with it."""
    with suppress(Unavailable):
        pay(get_store())


def _keep_trying():
    store = get_store()
    while _owed:
        try:
            if store.ping():
                pay(store)
                continue
        except Unavailable:
            pass
        time.sleep(PAUSE)
