"""What the worker processes did: pending invalidations, and queries of the list.

Each process appends lines of JSON to one file. Times are of the monotonic clock, which
all processes of a machine share.
"""

import json
import os
import time
from dataclasses import dataclass

from django.db.backends.signals import connection_created

from caching import signals

LIST_QUERY = ('FROM "books_book"', "ORDER BY", "LIMIT")


@dataclass(slots=True)
class PendingInvalidation:
    """A write whose process could not reach Redis: {table: ids, None for all rows}.

    `began` and `flushed` are in seconds; `flushed` is None as long as it is pending.
    """

    pid: int
    began: float
    changes: dict
    flushed: float | None = None

    def covers(self, table: str, row: object) -> bool:
        """Return whether the write changed this row."""
        rows = self.changes.get(table, ())
        return rows is None or str(row) in rows


class History:
    """Reads the file, from where the last reading ended."""

    def __init__(self, path):
        self.path, self.offset = path, 0
        self.invalidations, self.list_queries = {}, 0

    def read(self):
        """Read the lines that are new; return self."""
        with open(self.path, encoding="utf-8") as lines:
            lines.seek(self.offset)
            for line in iter(lines.readline, ""):
                if not line.endswith("\n"):
                    break
                self._add(json.loads(line))
                self.offset = lines.tell()
        return self

    def pending(self) -> list[PendingInvalidation]:
        """Return the invalidations that were not flushed."""
        return [each for each in self.invalidations.values() if each.flushed is None]

    def _add(self, line):
        if line["event"] == "query":
            self.list_queries += 1
        elif line["event"] == "flushed":
            self.invalidations[line["writer"]].flushed = line["at"]
        elif known := self.invalidations.get(line["writer"]):
            known.changes |= line["changes"]
        else:
            made = PendingInvalidation(line["pid"], line["at"], line["changes"])
            self.invalidations[line["writer"]] = made


class Recorder:
    """Writes the file, inside a worker process. It listens to caching/signals.py."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        # The writers whose invalidations are pending.
        self.pending = set()

    def connect(self):
        """Listen to writes and queries."""
        signals.intent.connect(self.on_intent, weak=False)
        signals.pending.connect(self.on_pending, weak=False)
        signals.invalidated.connect(self.on_invalidated, weak=False)
        connection_created.connect(self._watch_queries, weak=False)

    def on_intent(self, writer, changes, told, **kwargs):
        """Record a write that begins without reaching Redis."""
        if not told:
            self._add(writer, changes)

    def on_pending(self, writers, changes, **kwargs):
        """Record writes that ended without reaching Redis."""
        for writer in writers:
            self._add(writer, changes)

    def on_invalidated(self, writers, **kwargs):
        """Record that pending invalidations were flushed."""
        for writer in self.pending.intersection(writers):
            self.pending.discard(writer)
            self._record("flushed", writer=writer)

    def _add(self, writer, changes):
        self.pending.add(writer)
        rows = {table: _rows(change) for table, change in changes.items()}
        self._record("pending", writer=writer, changes=rows)

    def _watch_queries(self, connection, **kwargs):
        connection.execute_wrappers.append(self._count)

    def _count(self, execute, sql, *arguments):
        if all(part in sql for part in LIST_QUERY):
            self._record("query")
        return execute(sql, *arguments)

    def _record(self, event, **more):
        line = {"event": event, "pid": os.getpid(), "at": time.monotonic(), **more}
        os.write(self.file, json.dumps(line).encode() + b"\n")


def _rows(change):
    return None if change.rows is None else sorted(change.rows)
