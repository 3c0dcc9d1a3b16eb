"""What the worker processes tell: invalidations they owe, and list queries they made.

A line of JSON for each, appended to one file; times are of the monotonic clock, which
all processes of a machine share. Only watches: every call goes through unchanged.
"""

import json
import os
import threading
import time
from dataclasses import dataclass

from django.db.backends.signals import connection_created

from caching import debts
from caching.breaker import Unavailable
from caching.redis import RedisStore

LIST_QUERY = ('FROM "books_book"', "ORDER BY", "LIMIT")


@dataclass(slots=True)
class Debt:
    """What a process could not tell readers of: {table: ids, None for any}.

    Since when, and until when (seconds, monotonic; None if it was never paid).
    """

    pid: int
    opened: float
    changes: dict
    closed: float | None = None

    def covers(self, table, row):
        """Return whether this row is among those."""
        rows = self.changes.get(table, ())
        return rows is None or str(row) in rows


class Ledger:
    """The file, read from where the last reading ended."""

    def __init__(self, path):
        self.path, self.offset = path, 0
        self.debts, self.list_queries = {}, 0

    def read(self):
        """Take in what was added; return self."""
        with open(self.path, encoding="utf-8") as lines:
            lines.seek(self.offset)
            for line in iter(lines.readline, ""):
                if not line.endswith("\n"):
                    break
                self._take(json.loads(line))
                self.offset = lines.tell()
        return self

    def unpaid(self):
        """Return the debts that nobody has paid."""
        return [debt for debt in self.debts.values() if debt.closed is None]

    def _take(self, line):
        if line["event"] == "query":
            self.list_queries += 1
        elif line["event"] == "closed":
            self.debts[line["writer"]].closed = line["at"]
        elif debt := self.debts.get(line["writer"]):
            debt.changes |= line["changes"]
        else:
            debt = Debt(line["pid"], line["at"], line["changes"])
            self.debts[line["writer"]] = debt


class Watcher:
    """Tells, from inside a worker process."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.open, self.owed = set(), set()
        self.here = threading.local()

    def watch(self):
        """Put the watching in the way of the store, the debts and the queries."""
        announce, finish = RedisStore.announce, RedisStore.finish
        RedisStore.announce = lambda *call: self.step(announce, *call)
        RedisStore.finish = lambda *call: self.finish(finish, *call)
        owe, pay = debts.owe, debts.pay
        debts.owe = lambda changes: self.owe(owe, changes)
        debts.pay = lambda store: self.pay(pay, store)
        connection_created.connect(self._watch_queries, weak=False)

    def step(self, step, store, writer, changes):
        """Tell of a write that readers could not be told of."""
        try:
            step(store, writer, changes)
        except Unavailable:
            if not getattr(self.here, "pays", False):
                self.here.failed = writer
                self.open.add(writer)
                rows = {table: _rows(change) for table, change in changes.items()}
                self._tell("opened", writer=writer, changes=rows)
            raise

    def finish(self, finish, store, writer, changes):
        """Tell that a write which was not announced is finished all the same."""
        self.step(finish, store, writer, changes)
        self._close({writer} & self.open)

    def owe(self, owe, changes):
        """Remember whose debt it is."""
        owe(changes)
        self.owed.add(self.here.failed)

    def pay(self, pay, store):
        """Tell which debts were paid."""
        paid, self.here.pays = self.owed.copy(), True
        try:
            pay(store)
        finally:
            self.here.pays = False
        self._close(paid & self.owed)

    def _close(self, writers):
        for writer in writers:
            self.open.discard(writer)
            self.owed.discard(writer)
            self._tell("closed", writer=writer)

    def _watch_queries(self, connection, **kwargs):
        connection.execute_wrappers.append(self._count)

    def _count(self, execute, sql, *arguments):
        if all(part in sql for part in LIST_QUERY):
            self._tell("query")
        return execute(sql, *arguments)

    def _tell(self, event, **more):
        line = {"event": event, "pid": os.getpid(), "at": time.monotonic(), **more}
        os.write(self.file, json.dumps(line).encode() + b"\n")


def _rows(change):
    return None if change.rows is None else sorted(change.rows)
