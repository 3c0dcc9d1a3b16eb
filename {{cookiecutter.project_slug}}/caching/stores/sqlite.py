"""The store in this process's memory, beside an SQLite file that others may write.

Before each read it looks whether anybody has committed. If so, it reads what is new in
the change log (caching/change_log.py), and renews the stamps of that. What this process
wrote by itself is in the log as well; renewing a stamp once more costs nothing.

In WAL mode each commit ends by writing the header of the file `-shm`, which all
processes share in their memory (https://sqlite.org/walformat.html, "The WAL-Index
Header"). Comparing these bytes takes about a microsecond; `PRAGMA data_version`, which
asks SQLite the same, takes ten to twenty.
"""

import mmap
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Sequence

from django.db import DEFAULT_DB_ALIAS, connections

from caching import change_log
from caching.stamps import Change, StampTexts, new_token
from caching.stores.breaker import Unavailable
from caching.stores.memory import MemoryStore

LAST = f"SELECT coalesce(max(id), 0) FROM {change_log.TABLE}"
NEWER = f"SELECT id, name, change FROM {change_log.TABLE} WHERE id > ? ORDER BY id"
# The bytes of the WAL-index header's first copy, which is written last.
HEADER = slice(0, 48)
# Seconds between two looks whether the file under this name is still the same.
FILE_CHECK = 1.0

_stores: "weakref.WeakSet[SQLiteStore]" = weakref.WeakSet()
# Closing a file ends all locks that this process has on it (POSIX), those of other
# connections, too. So a file, known by its identity, is mapped once and stays mapped.
_mapped: dict[tuple[int, int], mmap.mmap] = {}
_inherited: list["_Log"] = []


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
        _stores.add(self)

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
        log = self.log
        if log and log.is_up_to_date() and time.monotonic() < log.file_check_at:
            return
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
        # A database that was restored is another file under the same name.
        if log is None or log.file != file:
            return self._open(path, file)
        log.file_check_at = time.monotonic() + FILE_CHECK
        header = log.header_now()
        version = log.ask("PRAGMA data_version")
        if version == log.version:
            log.header = header
            return None
        if log.ask("PRAGMA schema_version") != log.schema:
            return self._open(path, file)
        rows = log.session.execute(NEWER, (log.last,)).fetchall()
        if rows and rows[0][0] != log.last + 1:
            # The oldest of them are gone already.
            return self._open(path, file)
        if rows:
            super().finish(new_token(), change_log.parse_log(rows))
            log.last = rows[-1][0]
        log.version, log.header = version, header
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
        # Nobody knows what was written before. (Before self.log is there: others read
        # without waiting for this thread.)
        anything = {name: Change(None) for name in list(self.tables)}
        super().finish(new_token(), anything)
        self.log = log

    def _close(self) -> None:
        log, self.log = self.log, None
        if log:
            log.close()


def _identify(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _after_fork() -> None:
    # To use or to close a parent's connection in a child would break it (SQLite).
    for store in _stores:
        if store.log:
            store.log.close.detach()
            _inherited.append(store.log)
            store.log = None


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _map(path: str) -> mmap.mmap | None:
    """Return the file's beginning, as it is at any time; None if there is no file."""
    try:
        file = _identify(path)
        if file not in _mapped:
            descriptor = os.open(path, os.O_RDONLY)
            _mapped[file] = mmap.mmap(descriptor, HEADER.stop, access=mmap.ACCESS_READ)
        return _mapped[file]
    except (OSError, ValueError):
        return None


class _Log:
    """A connection that only reads the log, and how far it has read.

    Its cursors are always read to the end: one that is left open would go on seeing the
    database as it was.
    """

    def __init__(self, path: str, file: tuple[int, int], timeout: float) -> None:
        self.path, self.file = path, file
        self.session = sqlite3.connect(
            path, timeout=timeout, isolation_level=None, check_same_thread=False
        )
        # At the end of the process, too: then SQLite tidies its files up.
        self.close = weakref.finalize(self, self.session.close)
        self.index: mmap.mmap | None = None
        self.header: bytes | None = None
        self.version = self.schema = self.last = 0
        self.file_check_at = 0.0

    def begin(self) -> None:
        """Read from here on. Raises Unavailable if not every change is logged."""
        self.schema = self.ask("PRAGMA schema_version")
        self.index = _map(f"{self.path}-shm")
        # In this order: what is committed in between is looked at again.
        header = self.header_now()
        self.version = self.ask("PRAGMA data_version")
        if not change_log.is_installed(self.session):
            raise Unavailable("the database logs no changes: run `manage.py migrate`")
        self.last = self.ask(LAST)
        self.header = header

    def is_up_to_date(self) -> bool:
        """Return whether nobody has committed since the log was read."""
        return self.index is not None and self.index[HEADER] == self.header

    def header_now(self) -> bytes | None:
        """Return the header of the WAL index; None if the database has none."""
        return None if self.index is None else self.index[HEADER]

    def ask(self, query: str) -> int:
        """Return the one number that a query finds."""
        [(number,)] = self.session.execute(query).fetchall()
        return int(number)
