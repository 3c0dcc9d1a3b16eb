"""Each kind of store, with functions that change its content from outside."""

import re

from caching.reads import Blocked, Missing, check_stamps, lookup, reopen
from caching.stamps import parse_stamps
from caching.stores.memory import MemoryStore
from caching.stores.redis import RedisStore

# Seconds, longer than any test: `expire` ends what has to expire.
LONG = 600


class InMemory:
    """The in-process store, which can lose keys here, as Redis can."""

    def __init__(self, lease=LONG):
        self.store = MemoryStore(lease=lease, quarantines=True)

    def expire(self):
        """End all intents, as if their time were over."""
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
        self.store = RedisStore(url, **options, timeout=5, cooldown=1, writable_check=1)
        self.client = self.store.client

    def expire(self):
        """End all intents, as if their time were over."""
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


def look_up(store, spec):
    """Return what a lookup finds."""
    [found] = lookup(store, [spec])
    return found


def see(store, spec):
    """Return what a request finds, which opens the stamps if necessary."""
    found = look_up(store, spec)
    return reopen(store, spec) if must_reopen(found) else found


def look_at_stamps(store, spec):
    """Return what a request finds that checks the stamps without an entry."""
    return check_stamps(spec, store.read([], spec.stamp_names())[1])


def must_reopen(found):
    """Return whether a request that finds this has to open the stamps."""
    return isinstance(found, Blocked) or bool(changing_in(found))


def entry_in(found):
    """Return the entry of a Hit; None of anything else."""
    return getattr(found, "entry", None)


def version_in(found):
    """Return the version under which an entry may be stored, or None."""
    return found.version if isinstance(found, Missing) else None


def changing_in(found):
    """Return the rows that must not be shown."""
    return getattr(found, "changing", frozenset())


def reason_in(found):
    """Return why nothing may be served or stored, or an empty text."""
    return found.reason if isinstance(found, Blocked) else ""


def writers_under_way(store, table):
    """Return the writers whose intents are on a table."""
    text = store.read([], [table])[1][table]
    intents = parse_stamps({table: text})[table][2:]
    return [intent.split(":")[0] for intent in intents]
