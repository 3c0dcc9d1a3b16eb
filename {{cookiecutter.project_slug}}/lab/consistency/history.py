"""What the worker processes tell: invalidations they owe, and list queries they made.

A line of JSON for each, appended to one file; times are of the monotonic clock, which
all processes of a machine share. Only watches: it listens to caching/signals.py.
"""

import json
import os
import time
from dataclasses import dataclass

from django.db.backends.signals import connection_created

from caching import signals

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
        # Whose invalidations readers could not be told of yet.
        self.open = set()

    def watch(self):
        """Listen to the writes and to the queries."""
        signals.intent.connect(self.on_intent, weak=False)
        signals.pending.connect(self.on_pending, weak=False)
        signals.invalidated.connect(self.on_invalidated, weak=False)
        connection_created.connect(self._watch_queries, weak=False)

    def on_intent(self, writer, changes, told, **kwargs):
        """Tell of a write that begins, and that readers can't be told of."""
        if not told:
            self._open(writer, changes)

    def on_pending(self, writers, changes, **kwargs):
        """Tell of a write that is done, and that readers can't be told of."""
        for writer in writers:
            self._open(writer, changes)

    def on_invalidated(self, writers, **kwargs):
        """Tell that readers were told of these writes after all."""
        for writer in self.open.intersection(writers):
            self.open.discard(writer)
            self._tell("closed", writer=writer)

    def _open(self, writer, changes):
        self.open.add(writer)
        rows = {table: _rows(change) for table, change in changes.items()}
        self._tell("opened", writer=writer, changes=rows)

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
