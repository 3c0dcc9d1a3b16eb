"""A store of each kind, and a hand in it: what the store's own steps never do."""

import re
import time

from caching import reads, stamps
from caching.memory import MemoryStore
from caching.redis import RedisStore

# Longer than any test: what must expire is made to, by `expire`.
LONG = 600


class InMemory:
    """The in-process store, which forgets here like Redis."""

    def __init__(self, lease=LONG):
        self.store = MemoryStore(lease=lease, quarantines=True)

    def expire(self):
        """End all that is announced, as if its time were over."""
        for table, text in self.store.tables.items():
            self.store.tables[table] = _past(text)

    def lose(self, name):
        """Remove a stamp."""
        self.store.tables.pop(name, None)
        self.store.kept.pop(name, None)

    def forget(self, key):
        """Remove an entry."""
        self.store.kept.pop(key, None)

    def leave(self, key, value):
        """Put bytes where an entry is."""
        self.store.kept[key] = (value, float("inf"))

    def leave_stamp(self, name, text):
        """Put a text where a stamp is."""
        if ":" in name:
            self.leave(name, text)
        else:
            self.store.tables[name] = text


class InRedis:
    """The store in a real Redis, under a prefix of its own."""

    def __init__(self, url, lease=LONG, prefix="library"):
        options = {"prefix": prefix, "lease": lease, "row_life": LONG}
        self.store = RedisStore(url, **options, timeout=5, cooldown=1)
        self.client = self.store.client

    def expire(self):
        """End all that is announced, as if its time were over."""
        for key in self.client.scan_iter(f"*{self.store.prefix}:stamp:*"):
            if self.client.type(key) == b"string":
                self.client.set(key, _past(self.client.get(key).decode("latin-1")))

    def lose(self, name):
        """Remove a stamp."""
        self.client.delete(self.stamp_key(name))

    def forget(self, key):
        """Remove an entry."""
        self.client.delete(f"{self.store.prefix}:{key}")

    def leave(self, key, value):
        """Put bytes where an entry is."""
        self.client.set(f"{self.store.prefix}:{key}", value)

    def leave_stamp(self, name, text):
        """Put a text where a stamp is."""
        self.client.set(self.stamp_key(name), text)

    def stamp_key(self, name):
        """Return the key of a stamp."""
        return f"{self.store.prefix}:stamp:{name}"


def _past(text):
    return re.sub(r":\d+:", ":1:", text)


def look(store, plan):
    """Return what a reader finds who may only look."""
    [seen] = reads.look(store, [plan])
    return seen


def see(store, plan):
    """Return what a reader finds, who opens the stamps if need be."""
    seen = look(store, plan)
    return reads.reopen(store, plan) if seen.unopened else seen


def until(condition, seconds=120):
    """Return when the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.01)


def announced(store, table):
    """Return who is announced on a table."""
    text = store.read([], [table])[1][table]
    fields = stamps.parse({table: text})[table][2:]
    return [field.split(":")[0] for field in fields]
