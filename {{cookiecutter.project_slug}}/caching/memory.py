"""The store in this process's memory, for one worker process and for tests.

The same steps as stamps.lua takes on Redis, one at a time under a lock.
"""

import threading
import time
from collections import OrderedDict

from caching import stamps
from caching.changes import Change, recent_key, with_change

MAX_KEYS = 10_000


class MemoryStore:
    """Stamps and entries in dictionaries.

    Nobody else writes here, so a stamp that is not there was never announced on:
    `quarantines` is off, except where a test plays Redis.
    """

    def __init__(self, *, lease, quarantines=False, clock=time.monotonic):
        self.lease, self.quarantines, self.clock = lease, quarantines, clock
        self.tables = {}
        self.kept = OrderedDict()
        self.lock = threading.Lock()

    def read(self, entries, names):
        """Return the values of the entries and {name: text} of the stamps."""
        with self.lock:
            return [self._get(key) for key in entries], self._stamps(names)

    def open(self, names):
        """Make the stamps that are missing, end what expired, and return them."""
        with self.lock:
            for name in names:
                if ":" in name:
                    if self._get(name) is None:
                        self._put(name, stamps.new_token())
                else:
                    self.tables[name] = stamps.render(self._table(name))
            return self._stamps(names)

    def announce(self, writer, changes):
        """Announce a write ({table: Change}) and renew the tokens of all it touches."""
        with self.lock:
            self._renew(changes)
            deadline = int((self.clock() + self.lease) * 1000)
            for table, change in changes.items():
                field = stamps.announcement(writer, deadline, change)
                self.tables[table] += f" {field}"

    def finish(self, writer, changes):
        """Take the writer's announcements away and renew the tokens again."""
        with self.lock:
            self._renew(changes)
            for table in changes:
                kept = [f for f in self._table(table) if not f.startswith(f"{writer}:")]
                self.tables[table] = stamps.render(kept)

    def keep(self, key, value, ttl):
        """Keep an entry for `ttl` seconds."""
        with self.lock:
            self._put(key, value, ttl)

    def lead(self, key, identity, leader, seconds):
        """Return whether `leader` may compute, alone, for so many seconds.

        Per identity: who computes from before a write is no leader after it.
        """
        with self.lock:
            lead = f"{key}:lead:{identity}"
            if self._get(lead) is not None:
                return False
            self._put(lead, leader, seconds)
            return True

    def release(self, key, identity, leader):
        """Let the next one lead."""
        with self.lock:
            if self._get(f"{key}:lead:{identity}") == leader:
                del self.kept[f"{key}:lead:{identity}"]

    def ping(self):
        """Return whether the store answers."""
        return True

    def clear(self):
        """Forget everything."""
        with self.lock:
            self.tables.clear()
            self.kept.clear()

    def _stamps(self, names):
        return {n: self._get(n) if ":" in n else self.tables.get(n) for n in names}

    def _table(self, name):
        text = self.tables.get(name)
        now = self.clock()
        if text is None:
            fields = [stamps.new_token(), stamps.new_token()]
            if self.quarantines:
                deadline = int((now + self.lease) * 1000)
                anything = Change(None, None)
                fields.append(
                    stamps.announcement(stamps.QUARANTINE, deadline, anything)
                )
            return fields
        _, token, epoch, *announced = text.split(" ")
        alive = [f for f in announced if int(f.split(":")[1]) > now * 1000]
        return [token, epoch, *alive]

    def _renew(self, changes):
        for table, change in changes.items():
            token, epoch, *announced = self._table(table)
            new = stamps.new_token()
            epoch = new if change.rows is None else epoch
            self.tables[table] = stamps.render([new, epoch, *announced])
            recent = with_change(self._get(recent_key(table)), token, new, change)
            self._put(recent_key(table), recent)
            for row in change.rows or ():
                self._put(f"{table}:{row}", stamps.new_token())

    def _get(self, key):
        value, expires = self.kept.get(key, (None, 0))
        return value if expires > self.clock() else None

    def _put(self, key, value, ttl=float("inf")):
        self.kept[key] = (value, self.clock() + ttl)
        self.kept.move_to_end(key)
        if len(self.kept) > MAX_KEYS:
            self.kept.popitem(last=False)
