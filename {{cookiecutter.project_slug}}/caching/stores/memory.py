"""The store in this process's memory, for one worker process and for tests.

It takes the same steps as stamps.lua on Redis, one at a time, under a lock. For what
each method does see Store in caching/stores/__init__.py.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from caching import stamps
from caching.stamps import Change, Changes, StampTexts, add_change, recent_key

MAX_KEYS = 10_000
FOREVER = float("inf")


class MemoryStore:
    """Stamps and entries in dictionaries.

    No other process writes here, so a missing stamp never had an intent, and needs no
    quarantine: `quarantines` is for tests that imitate Redis. `lease` is how long an
    intent stands, in seconds. `clock` returns seconds.
    """

    def __init__(
        self,
        *,
        lease: float,
        quarantines: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lease, self.quarantines, self.clock = lease, quarantines, clock
        self.tables: dict[str, str] = {}
        # Everything else: (value, the clock's time of its expiry). Entries are bytes;
        # stamps of rows and holders of locks are texts.
        self.kept: OrderedDict[str, tuple[Any, float]] = OrderedDict()
        self.mutex = threading.Lock()

    def read(
        self, entries: Sequence[str], names: Sequence[str]
    ) -> tuple[list[bytes | None], StampTexts]:
        """Return the values of the entries, and the texts of the stamps."""
        with self.mutex:
            return [self._get(key) for key in entries], self._texts(names)

    def open(self, names: Sequence[str]) -> StampTexts:
        """Make the stamps that are missing, end expired intents, return the texts."""
        with self.mutex:
            for name in names:
                if ":" in name:
                    if self._get(name) is None:
                        self._put(name, stamps.new_token())
                else:
                    self.tables[name] = stamps.format_stamp(self._fields(name))
            return self._texts(names)

    def add_intent(self, writer: str, changes: Changes) -> None:
        """Add a write's intent, and renew the tokens of all stamps that it changes."""
        with self.mutex:
            self._renew(changes)
            deadline = int((self.clock() + self.lease) * 1000)
            for table, change in changes.items():
                intent = stamps.format_intent(writer, deadline, change)
                self.tables[table] += f" {intent}"

    def finish(self, writer: str, changes: Changes) -> None:
        """Remove the writer's intents, and renew the tokens again."""
        with self.mutex:
            self._renew(changes)
            for table in changes:
                fields = self._fields(table)
                others = [f for f in fields if not f.startswith(f"{writer}:")]
                self.tables[table] = stamps.format_stamp(others)

    def keep(self, key: str, value: bytes, ttl: float) -> None:
        """Store an entry for `ttl` seconds."""
        with self.mutex:
            self._put(key, value, ttl)

    def lock(self, key: str, version: str, holder: str, seconds: float) -> bool:
        """Return whether `holder` got the single-flight lock on an entry."""
        name = f"{key}:lock:{version}"
        with self.mutex:
            if self._get(name) is not None:
                return False
            self._put(name, holder, seconds)
            return True

    def unlock(self, key: str, version: str, holder: str) -> None:
        """End the holder's single-flight lock."""
        name = f"{key}:lock:{version}"
        with self.mutex:
            if self._get(name) == holder:
                del self.kept[name]

    def ping(self) -> bool:
        """Return whether the store answers."""
        return True

    def clear(self) -> None:
        """Forget everything."""
        with self.mutex:
            self.tables.clear()
            self.kept.clear()

    def _texts(self, names: Sequence[str]) -> dict[str, str | None]:
        return {n: self._get(n) if ":" in n else self.tables.get(n) for n in names}

    def _fields(self, table: str) -> list[str]:
        """Return the fields of a table's stamp, without expired intents."""
        text, now = self.tables.get(table), self.clock()
        if text is None:
            return self._new_fields(now)
        _, token, epoch, *intents = text.split(" ")
        alive = [each for each in intents if int(each.split(":")[1]) > now * 1000]
        return [token, epoch, *alive]

    def _new_fields(self, now: float) -> list[str]:
        fields = [stamps.new_token(), stamps.new_token()]
        if self.quarantines:
            deadline, anything = int((now + self.lease) * 1000), Change(None, None)
            fields.append(stamps.format_intent(stamps.QUARANTINE, deadline, anything))
        return fields

    def _renew(self, changes: Changes) -> None:
        for table, change in changes.items():
            token, epoch, *intents = self._fields(table)
            new = stamps.new_token()
            epoch = new if change.rows is None else epoch
            self.tables[table] = stamps.format_stamp([new, epoch, *intents])
            recent = add_change(self._get(recent_key(table)), token, new, change)
            self._put(recent_key(table), recent)
            for row in change.rows or ():
                self._put(f"{table}:{row}", stamps.new_token())

    def _get(self, key: str) -> Any:
        value, expires = self.kept.get(key, (None, 0))
        return value if expires > self.clock() else None

    def _put(self, key: str, value: bytes | str, ttl: float = FOREVER) -> None:
        self.kept[key] = (value, self.clock() + ttl)
        self.kept.move_to_end(key)
        if len(self.kept) > MAX_KEYS:
            self.kept.popitem(last=False)
