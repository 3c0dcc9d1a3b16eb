"""Writing: leave an intent before the commit, renew the stamps after it.

intent     renews the tokens, and marks the stamps: as long as the intent is there,
           requests store nothing that the write may change
COMMIT
finish     removes the intent, and renews the tokens again

If the process dies in between, its intent stays until it expires. If the transaction is
rolled back, its write finishes at the end of the request, or before the next read or
write of this thread. If the connection breaks, the database may commit all the same,
even a moment later: then the write leaves a new intent, which expires. If the store is
away, the invalidation is pending (see outage/pending.py).
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from caching import signals
from caching.change_log import add_to_log, is_shared_file
from caching.conf import conf
from caching.outage import degraded, pending
from caching.stamps import Change, Changes, new_token
from caching.stores import Store, Unavailable, get_store

logger = logging.getLogger(__name__)


class WriteInProgress(threading.local):
    """What this thread is writing.

    `changes` (by table) has to be finished. `intended` is the part of it for which an
    intent is in the store, since `since` (seconds of the monotonic clock). `sessions`
    are the database driver's connections that it is written through, by alias.
    `writer` is a token that no other write has.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a new write."""
        self.changes: dict[str, Change] = {}
        self.intended: dict[str, Change] = {}
        self.since = 0.0
        self.sessions: dict[str, Any] = {}
        self.writer = new_token()


_write = WriteInProgress()
# A fork needs a writer's token of its own: two processes with the same token would
# remove each other's intents. (Windows has no fork.)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_write.reset)


@contextmanager
def changing(
    table: str,
    rows: Iterable[object] | None = (),
    fields: Iterable[str] | None = None,
    *,
    using: str = DEFAULT_DB_ALIAS,
) -> Iterator[None]:
    """Wrap code that changes rows of a table without the models.

    `rows` are their ids: None if they are unknown, an empty tuple if they are new.
    `fields` are the names of the fields that change; None if any may, or if rows are
    added or removed.
    """
    change = Change.build(rows, fields)
    before_write(table, change, using=using)
    yield
    after_write(table, change, using=using)


def invalidate(table: str, rows: Iterable[object] | None = None) -> None:
    """Renew the stamps of `rows` (ids; None: all) now. Raises Unavailable.

    On SQLite without Redis the other processes find it in the change log.
    """
    writer, changes = new_token(), {table: Change.build(rows)}
    get_store().finish(writer, changes)
    if not conf().redis_url and is_shared_file(connections[DEFAULT_DB_ALIAS]):
        add_to_log(changes)
    signals.invalidated.send(None, writers=[writer], changes=changes, overdue=False)


def before_write(table: str, change: Change, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Leave an intent: this Change of the table is about to happen.

    If the store is away, raises CacheRequired where the settings ask for that.
    """
    connections[using].ensure_connection()
    _write.sessions[using] = connections[using].connection
    _add(_write.changes, table, change)
    if not (news := _untold(table, change)):
        return
    try:
        get_store().add_intent(_write.writer, news)
    except Unavailable as error:
        _write.intended = {}
        signals.intent.send(None, writer=_write.writer, changes=news, told=False)
        degraded.allow_untold_write(error)
    else:
        signals.intent.send(None, writer=_write.writer, changes=news, told=True)


def after_write(table: str, change: Change, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Finish after the commit; at once if there is no transaction."""
    _add(_write.changes, table, change)
    transaction.on_commit(after_commit, using=using, robust=True)


def after_commit() -> None:
    """Finish this thread's write, which has been committed."""
    _finish(get_store().finish)


def flush(store: Store) -> None:
    """Finish writes that were rolled back or are pending. Raises Unavailable."""
    end_write()
    pending.flush(store)


def end_write(**kwargs: object) -> None:
    """End this thread's write, if it has one that was not committed as far as we know.

    A receiver of `request_finished`.
    """
    if not _write.changes:
        return
    if any(_is_lost(*session) for session in _write.sessions.items()):
        _finish(get_store().add_intent)
    else:
        _finish(get_store().finish)


def _add(changes: dict[str, Change], table: str, change: Change) -> bool:
    """Add a change of a table; return whether it was not yet in `changes`."""
    before = changes.get(table)
    changes[table] = change if before is None else before | change
    return changes[table] != before


def _untold(table: str, change: Change) -> Changes:
    """Return the changes that need an intent now, and remember them as intended."""
    now = time.monotonic()
    if not _write.intended or now - _write.since > conf().lease / 2:
        # The transaction's first intent. Or the last is so old that all need a new one.
        _write.intended, _write.since = dict(_write.changes), now
        return dict(_write.changes)
    if not _add(_write.intended, table, change):
        return {}
    told = _write.intended[table]
    return {table: told if told.rows is None else change}


def _is_lost(alias: str, session: Any) -> bool:
    # If the connection broke, nobody knows whether the database committed. A connection
    # that Django closed at the end of a request did not break.
    connection = connections[alias]
    if connection.connection is session:
        return getattr(session, "closed", False)
    return connection.connection is not None or connection.errors_occurred


def _finish(step: Callable[[str, Changes], None]) -> None:
    changes, writer, intended = _write.changes, _write.writer, _write.intended
    overdue = bool(intended) and time.monotonic() - _write.since > conf().lease
    _write.reset()
    if not changes:
        # The transaction's first write to finish has finished all of them.
        return
    if overdue:
        logger.warning("A write took longer than CACHING['lease'] (%s s)", conf().lease)
    became = signals.invalidated
    try:
        step(writer, changes)
    except Unavailable:
        pending.add(writer, changes)
        became = signals.pending
    became.send(None, writers=[writer], changes=changes, overdue=overdue)
