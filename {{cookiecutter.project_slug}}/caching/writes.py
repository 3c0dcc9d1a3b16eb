"""Writing: announce before, renew after, and owe what could not be done.

    announce   renews the tokens at once, and says that a write is under way: from
               now on readers keep nothing
    COMMIT
    finish     takes the announcement away and renews the tokens again

A process that dies in between leaves its announcement, which expires. A transaction
that was rolled back finishes at the end of its request, or before this thread's next
read or write. One whose connection broke may have been committed, or may be a moment
later: it is announced once more, and that expires.
"""

import logging
import os
import threading
import time
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections, transaction
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
    announced since `since`; `sessions`, {alias: session}, the databases' own
    connections that it is written through.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """Begin anew, with a name no other write has."""
        self.changes, self.told, self.since = {}, {}, 0
        self.sessions = {}
        self.writer = stamps.new_token()


_announced = Announced()
# Two processes under one name would take each other's announcements away. (Windows has
# no fork.)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_announced.reset)


@contextmanager
def changing(table, rows=(), fields=None, *, using=DEFAULT_DB_ALIAS):
    """Wrap what changes `rows` (ids) of a table behind the models' back.

    `rows=None` for unknown ones, an empty tuple for new ones. `fields` are the names of
    those that change, if rows neither come nor go; None for any.
    """
    change = Change.of(rows, fields)
    before_write(table, change, using=using)
    yield
    after_write(table, change, using=using)


def invalidate(table, rows=None):
    """Renew the stamps of rows (or of any row) now. Raises Unavailable."""
    get_store().finish(stamps.new_token(), {table: Change.of(rows)})
    INVALIDATIONS.labels(table).inc()


def before_write(table, change, *, using=DEFAULT_DB_ALIAS):
    """Announce that this Change of the table is about to happen.

    Raises CacheRequired if the settings say that a write must not go unannounced.
    """
    connections[using].ensure_connection()
    _announced.sessions[using] = connections[using].connection
    _add(_announced.changes, table, change)
    now = time.monotonic()
    if not _announced.told or now - _announced.since > conf().lease / 2:
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
        _announced.told = {}
        if conf().writes_need_cache:
            raise CacheRequired from error
        # finish() will renew, or owe it.


def after_write(table, change, *, using=DEFAULT_DB_ALIAS):
    """Finish after the commit; at once where there is no transaction."""
    _add(_announced.changes, table, change)
    transaction.on_commit(_committed, using=using, robust=True)


def settle(store):
    """Finish what a rolled-back transaction left; pay debts. Raises Unavailable."""
    _end()
    debts.pay(store)


def request_finished(**kwargs):
    """Leave nothing announced when the request is over."""
    _end()


def _add(changes, table, change):
    """Add a change to {table: Change}; return whether that was news."""
    before = changes.get(table)
    changes[table] = change if before is None else before | change
    return changes[table] != before


def _committed():
    faults.point("after-commit")
    _finish(get_store().finish)


def _end():
    """End what was not committed, as far as this process was told."""
    if not _announced.changes:
        return
    if any(_is_lost(*session) for session in _announced.sessions.items()):
        _finish(get_store().announce)
    else:
        _finish(get_store().finish)


def _is_lost(alias, session):
    # Of a broken connection nobody knows what the database made of its COMMIT. Django
    # also closes whole ones at the end of a request.
    connection = connections[alias]
    if connection.connection is session:
        return getattr(session, "closed", False)
    return connection.connection is not None or connection.errors_occurred


def _finish(step):
    changes, writer, told = _announced.changes, _announced.writer, _announced.told
    lasted = time.monotonic() - _announced.since
    _announced.reset()
    if not changes:
        # The transaction's other writes have been finished with its first.
        return
    if told and lasted > conf().lease:
        OVERDUE.inc()
        logger.warning("A write took longer than CACHING['lease'] (%s s)", conf().lease)
    try:
        step(writer, changes)
    except Unavailable:
        debts.owe(changes)
    for table in changes:
        INVALIDATIONS.labels(table).inc()
