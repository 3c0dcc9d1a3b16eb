"""Writing: announce before, renew after, and owe what could not be done.

    announce   renews the tokens at once, and says that a write is under way: from
               now on readers keep nothing
    COMMIT
    finish     takes the announcement away and renews the tokens again

A process that dies in between leaves its announcement, which expires. A transaction
that was rolled back finishes at the end of its request, or before this thread's next
read or write.
"""

import logging
import threading
import time
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, transaction
from rest_framework.exceptions import APIException

from caching import debts, faults, stamps
from caching.breaker import Unavailable
from caching.changes import Change
from caching.conf import conf
from caching.metrics import INVALIDATIONS, OVERDUE
from caching.store import get_store

logger = logging.getLogger(__name__)


class CacheRequired(APIException):
    """The write was refused (503), because readers could not be told of it."""

    status_code = 503
    default_detail = "The cache is unreachable, and writes wait for it."
    default_code = "cache_unavailable"


class Announced(threading.local):
    """What this thread has under way.

    `changes`, {table: Change}, is what to finish; `told` the part of it that was
    announced since `since`.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """Begin anew, with a name no other write has."""
        self.changes, self.told, self.since = {}, {}, float("-inf")
        self.writer = stamps.new_token()


_announced = Announced()


@contextmanager
def changing(table, rows=(), fields=None, *, using=DEFAULT_DB_ALIAS):
    """Wrap what changes `rows` (ids) of a table behind the models' back.

    `rows=None` for unknown ones, an empty tuple for new ones. `fields` are the names of
    those that change, if rows neither come nor go; None for any.
    """
    change = Change.of(rows, fields)
    before_write(table, change)
    yield
    after_write(table, change, using=using)


def invalidate(table, rows=None):
    """Renew the stamps of rows (or of any row) now. Raises Unavailable."""
    get_store().finish(stamps.new_token(), {table: Change.of(rows)})
    INVALIDATIONS.labels(table).inc()


def before_write(table, change):
    """Announce that this Change of the table is about to happen.

    Raises CacheRequired if the settings say that a write must not go unannounced.
    """
    _add(_announced.changes, table, change)
    now = time.monotonic()
    if now - _announced.since > conf().lease / 2:
        # The first of this transaction, or so old that all must be said again.
        news = _announced.told = dict(_announced.changes)
        _announced.since = now
    elif _add(_announced.told, table, change):
        told = _announced.told[table]
        news = {table: told if told.rows is None else change}
    else:
        return
    try:
        get_store().announce(_announced.writer, news)
    except Unavailable as error:
        if conf().writes_need_cache:
            raise CacheRequired from error
        # finish() will renew, or owe it.


def after_write(table, change, *, using=DEFAULT_DB_ALIAS):
    """Finish after the commit; at once where there is no transaction."""
    _add(_announced.changes, table, change)
    transaction.on_commit(_committed, using=using, robust=True)


def settle(store):
    """Finish what a rolled-back transaction left; pay debts. Raises Unavailable."""
    if _announced.changes:
        _finish()
    debts.pay(store)


def request_finished(**kwargs):
    """Leave nothing announced when the request is over."""
    if _announced.changes:
        _finish()


def _add(changes, table, change):
    """Add a change to {table: Change}; return whether that was news."""
    before = changes.get(table)
    changes[table] = change if before is None else before | change
    return changes[table] != before


def _committed():
    faults.point("after-commit")
    _finish()


def _finish():
    changes, writer, since = _announced.changes, _announced.writer, _announced.since
    _announced.reset()
    if not changes:
        return
    if time.monotonic() - since > conf().lease:
        OVERDUE.inc()
        logger.warning("A write took longer than CACHING['lease'] (%s s)", conf().lease)
    try:
        get_store().finish(writer, changes)
    except Unavailable:
        debts.owe(changes)
    for table in changes:
        INVALIDATIONS.labels(table).inc()
