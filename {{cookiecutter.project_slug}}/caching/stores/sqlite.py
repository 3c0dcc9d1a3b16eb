"""The store in this process's memory, beside an SQLite file that others may write.

Before each read it asks SQLite whether anybody has committed (`PRAGMA data_version`,
some microseconds, no query). If so, it reads what is new in the change log
(caching/change_log.py), and renews the stamps of that. What this process wrote by
itself is in the log as well; to renew a stamp once more costs nothing.
"""

import os
import sqlite3
import threading
import weakref
from collections.abc import Sequence

from django.db import DEFAULT_DB_ALIAS, connections

from caching import change_log
from caching.stamps import Change, StampTexts, new_token
from caching.stores.breaker import Unavailable
from caching.stores.memory import MemoryStore

LAST = f"SELECT coalesce(max(id), 0) FROM {change_log.TABLE}"
NEWER = f"SELECT id, name, change FROM {change_log.TABLE} WHERE id > ? ORDER BY id"

_inherited: list[sqlite3.Connection] = []


class SQLiteStore(MemoryStore):
    """A MemoryStore that sees what other processes write.

    `lease` is how long an intent stands, `timeout` how long SQLite may be locked, both
    in seconds. read() and open() raise Unavailable while the file can't be read, or
    logs no changes: during a migration, say.
    """

    def __init__(self, *, lease: float, timeout: float) -> None:
        super().__init__(lease=lease)
        self.timeout = timeout
        self.looking = threading.Lock()
        self.log: _Log | None = None
        self.may_install = True

    def read(
        self, entries: Sequence[str], names: Sequence[str]
    ) -> tuple[list[bytes | None], StampTexts]:
        """Return the values of the entries, and the texts of the stamps."""
        self._catch_up()
        return super().read(entries, names)

    def open(self, names: Sequence[str]) -> StampTexts:
        """Make the stamps that are missing, end expired intents, return the texts."""
        self._catch_up()
        return super().open(names)

    def close(self) -> None:
        """Close the file. The next read opens it again, and trusts nothing older."""
        with self.looking:
            self._close()

    def _catch_up(self) -> None:
        """Renew the stamps of all that was committed until now. Raises Unavailable."""
        path = str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])
        with self.looking:
            try:
                self._look(path)
            except (sqlite3.Error, OSError, Unavailable) as error:
                self._close()
                raise Unavailable(str(error)) from error

    def _look(self, path: str) -> None:
        file = _identify(path)
        log = self.log
        # A database that was restored is another file under the same name. And SQLite
        # wants no connection to be used after a fork.
        if log is None or log.file != file or log.pid != os.getpid():
            return self._open(path, file)
        version = log.ask("PRAGMA data_version")
        if version == log.version:
            return None
        if log.ask("PRAGMA schema_version") != log.schema:
            return self._open(path, file)
        rows = log.session.execute(NEWER, (log.last,)).fetchall()
        if rows and rows[0][0] != log.last + 1:
            # The oldest of them are gone already.
            return self._open(path, file)
        if rows:
            self.finish(new_token(), change_log.parse_log(rows))
            log.last = rows[-1][0]
        log.version = version
        return None

    def _open(self, path: str, file: tuple[int, int]) -> None:
        self._close()
        log = _Log(path, file, self.timeout)
        try:
            # Not again: another process that removed the triggers now migrates.
            if self.may_install:
                change_log.install(log.session)
                self.may_install = False
            log.begin()
        except BaseException:
            log.close()
            raise
        self.log = log
        # Nobody knows what was written before.
        self.finish(new_token(), {name: Change(None) for name in list(self.tables)})

    def _close(self) -> None:
        log, self.log = self.log, None
        if log:
            log.close()


def _identify(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _close_own(session: sqlite3.Connection, pid: int) -> None:
    if pid == os.getpid():
        session.close()
    else:
        # To close the parent's connection would end the parent's locks.
        _inherited.append(session)


class _Log:
    """A connection that only reads the log, and how far it has read.

    Its cursors are always read to the end: one that is left open would go on seeing the
    database as it was.
    """

    def __init__(self, path: str, file: tuple[int, int], timeout: float) -> None:
        self.file, self.pid = file, os.getpid()
        self.session = sqlite3.connect(
            path, timeout=timeout, isolation_level=None, check_same_thread=False
        )
        # At the end of the process, too: then SQLite tidies its files up.
        self.close = weakref.finalize(self, _close_own, self.session, self.pid)
        self.version = self.schema = self.last = 0

    def begin(self) -> None:
        """Read from here on. Raises Unavailable if not every change is logged."""
        self.version = self.ask("PRAGMA data_version")
        self.schema = self.ask("PRAGMA schema_version")
        if not change_log.is_installed(self.session):
            raise Unavailable("the database logs no changes: run `manage.py migrate`")
        self.last = self.ask(LAST)

    def ask(self, query: str) -> int:
        """Return the one number that a query finds."""
        [(number,)] = self.session.execute(query).fetchall()
        return int(number)
