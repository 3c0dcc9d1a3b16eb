"""The store in Redis. Every method is one round trip.

Works on Redis 6 and newer and on Valkey: MGET, SET with PX and NX, EVALSHA. Keys:

    library:stamp:books          a table's stamp
    library:stamp:books:42       a row's
    library:changes:books        a table's recent changes
    library:books:list:3f2c…     an entry; with `:lead:` behind it, its leader
"""

import os
from contextlib import suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from caching import stamps
from caching.breaker import Breaker, Unavailable
from caching.changes import MAX_RECENT, Change, recent_key

SCRIPT = (Path(__file__).parent / "stamps.lua").read_text(encoding="utf-8")
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
"""


class RedisStore:
    """Stamps and entries in Redis. Raises Unavailable when it does not answer."""

    def __init__(self, url, *, prefix, lease, row_life, timeout, cooldown):
        self.prefix, self.lease, self.row_life = prefix, lease, row_life
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # _ask() tries again: the client would send the same token twice.
            retry=Retry(NoBackoff(), 0),
        )
        self.idle = []
        self.breaker = Breaker(cooldown=cooldown, errors=(redis.RedisError, OSError))
        self.script = self.client.register_script(SCRIPT)
        self.release_script = self.client.register_script(RELEASE)

    def read(self, entries, names):
        """Return the values of the entries and {name: text} of the stamps."""
        keys = [f"{self.prefix}:{key}" for key in entries] + self._stamp_keys(names)
        values = self._ask(self._mget, keys)
        if self.breaker.recovering:
            # Others may owe invalidations from while Redis was away; they pay now.
            raise Unavailable("Redis just came back")
        return values[: len(entries)], _texts(names, values[len(entries) :])

    def _ask(self, command, *arguments, **options):
        """Return what the command returns; call it again if its connection broke.

        An idle connection may have been closed meanwhile. After a timeout there is no
        other try.
        """

        def twice():
            try:
                return command(*arguments, **options)
            except redis.ConnectionError:
                return command(*arguments, **options)

        return self.breaker.call(twice)

    def _mget(self, keys):
        # What client.mget() does, without what it and the pool do besides: half of a
        # hit's cost. The pool looks after a connection each time that it lends it.
        connection = self._idle_connection()
        try:
            connection.send_command("MGET", *keys)
            values = connection.read_response()
        except BaseException:
            # An answer may still come: no later command may get it. If Redis closed
            # this one, it closed the others, too.
            connection.disconnect()
            self.idle.clear()
            raise
        self.idle.append(connection)
        return values

    def _idle_connection(self):
        while self.idle:
            with suppress(IndexError):
                connection = self.idle.pop()
                # Not its parent's, where this process was forked.
                if connection.pid == os.getpid():
                    return connection
        # Not the pool's: it counts those that it made, and here they are dropped.
        pool = self.client.connection_pool
        return pool.connection_class(**pool.connection_kwargs)

    def open(self, names):
        """Make the stamps that are missing, end what expired, and return them."""
        tables = {name: Change() for name in names if ":" not in name}
        return self._step("open", "", tables, names)

    def announce(self, writer, changes):
        """Announce a write ({table: Change}) and renew the tokens of all it touches."""
        self._step("announce", writer, changes, _names(changes))

    def finish(self, writer, changes):
        """Take the writer's announcements away and renew the tokens again."""
        self._step("finish", writer, changes, _names(changes))

    def keep(self, key, value, ttl):
        """Keep an entry for `ttl` seconds."""
        px = max(1, int(ttl * 1000))
        self._ask(self.client.set, f"{self.prefix}:{key}", value, px=px)

    def lead(self, key, identity, leader, seconds):
        """Return whether `leader` may compute, alone, for so many seconds.

        Per identity: who computes from before a write is no leader after it.
        """
        name, px = self._lead_key(key, identity), int(seconds * 1000)
        return bool(self._ask(self.client.set, name, leader, nx=True, px=px))

    def release(self, key, identity, leader):
        """Let the next one lead."""
        keys = [self._lead_key(key, identity)]
        self._ask(self.release_script, keys=keys, args=[leader])

    def ping(self):
        """Return whether Redis answers; asks even if it just did not."""
        try:
            self.client.ping()
        except (redis.RedisError, OSError):
            return False
        self.breaker.succeeded()
        return True

    def clear(self):
        """Forget everything under the prefix. For tests: it looks at every key."""
        for key in self.client.scan_iter(f"{_escape(self.prefix)}:*", count=1000):
            self.client.unlink(key)

    def _step(self, what, writer, changes, names):
        # The script takes the tables first.
        names = sorted(names, key=lambda name: ":" in name)
        tables = [name for name in names if ":" not in name]
        recent = [f"{self.prefix}:{recent_key(table)}" for table in tables]
        keys = recent + self._stamp_keys(names)
        options = [what, writer, int(self.lease * 1000), int(self.row_life * 1000)]
        written = [str(changes[table]) for table in tables]

        def step():
            # A step that is repeated may have been taken: its token is used up.
            token = stamps.new_token()
            return self.script(keys, [*options, MAX_RECENT, token, *written])

        return _texts(names, self._ask(step))

    def _stamp_keys(self, names):
        return [f"{self.prefix}:stamp:{name}" for name in names]

    def _lead_key(self, key, identity):
        return f"{self.prefix}:{key}:lead:{identity}"


def _names(changes):
    return [
        *changes,
        *(f"{name}:{row}" for name in changes for row in changes[name].rows or ()),
    ]


def _texts(names, values):
    # What is no text of ours decodes to something that matches nothing.
    return {
        name: value and value.decode("ascii", "backslashreplace")
        for name, value in zip(names, values, strict=True)
    }


def _escape(prefix):
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in prefix)
