"""Writing: leave an intent before the commit, renew the stamps after it.

intent     renews the tokens at once, and says that a write is under way: from now on
           readers store nothing that it may change
COMMIT
finish     takes the intent away and renews the tokens again

A process that dies in between leaves its intent, which expires. A transaction that was
rolled back finishes at the end of its request, or before this thread's next read or
write. One whose connection broke may have been committed, or may be a moment later: it
leaves a new intent, and that expires. What can't be told to the store is pending (see
outage/pending.py).
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
from caching.conf import conf
from caching.outage import degraded, pending
from caching.stamps import Change, Changes, new_token
from caching.stores import Store, Unavailable, get_store

logger = logging.getLogger(__name__)


class WriteInProgress(threading.local):
    """What this thread is writing.

    `changes` is what to finish, `intended` the part of it that the store was told since
    `since`. `sessions` are the databases' own connections that it is written through,
    by alias. `writer` is a name that no other write has.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.changes: dict[str, Change] = {}
        self.intended: dict[str, Change] = {}
        self.since = 0.0
        self.sessions: dict[str, Any] = {}
        self.writer = new_token()


_write = WriteInProgress()
# Two processes with one writer's name would take each other's intents away. (Windows
# has no fork.)
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
    """Wrap what changes `rows` (ids) of a table behind the models' back.

    `rows=None` for unknown ones, an empty tuple for new ones. `fields` are the names of
    those that change, if rows neither come nor go; None for any.
    """
    change = Change.build(rows, fields)
    before_write(table, change, using=using)
    yield
    after_write(table, change, using=using)


def invalidate(table: str, rows: Iterable[object] | None = None) -> None:
    """Renew the stamps of rows (ids), or of any row, now. Raises Unavailable."""
    writer, changes = new_token(), {table: Change.build(rows)}
    get_store().finish(writer, changes)
    signals.invalidated.send(None, writers=[writer], changes=changes, overdue=False)


def before_write(table: str, change: Change, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Leave an intent: this Change of the table is about to happen.

    Raises CacheRequired if the settings say that no write may go untold.
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
    """Finish after the commit; at once where there is no transaction."""
    _add(_write.changes, table, change)
    transaction.on_commit(after_commit, using=using, robust=True)


def after_commit() -> None:
    """Finish this thread's write, which was committed."""
    _finish(get_store().finish)


def flush(store: Store) -> None:
    """Finish what was rolled back, make what is pending. Raises Unavailable."""
    end_write()
    pending.flush(store)


def end_write(**kwargs: object) -> None:
    """End this thread's write, of which no commit is known. Leave no intent behind."""
    if not _write.changes:
        return
    if any(_is_lost(*session) for session in _write.sessions.items()):
        _finish(get_store().add_intent)
    else:
        _finish(get_store().finish)


def _add(changes: dict[str, Change], table: str, change: Change) -> bool:
    """Add a change; return whether it was news."""
    before = changes.get(table)
    changes[table] = change if before is None else before | change
    return changes[table] != before


def _untold(table: str, change: Change) -> Changes:
    """Return what an intent must say now, and take it for told."""
    now = time.monotonic()
    if not _write.intended or now - _write.since > conf().lease / 2:
        # The first of this transaction, or so old that all must be said again.
        _write.intended, _write.since = dict(_write.changes), now
        return dict(_write.changes)
    if not _add(_write.intended, table, change):
        return {}
    told = _write.intended[table]
    return {table: told if told.rows is None else change}


def _is_lost(alias: str, session: Any) -> bool:
    # Nobody knows what the database made of a COMMIT on a broken connection. Django
    # also closes whole ones at the end of a request.
    connection = connections[alias]
    if connection.connection is session:
        return getattr(session, "closed", False)
    return connection.connection is not None or connection.errors_occurred


def _finish(step: Callable[[str, Changes], None]) -> None:
    changes, writer, intended = _write.changes, _write.writer, _write.intended
    overdue = bool(intended) and time.monotonic() - _write.since > conf().lease
    _write.reset()
    if not changes:
        # The transaction's other writes have been finished with its first.
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
