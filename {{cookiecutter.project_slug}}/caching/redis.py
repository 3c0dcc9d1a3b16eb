"""The store in Redis. Every method is one round trip.

Works on Redis 6 and newer and on Valkey: MGET, SET with PX and NX, EVALSHA. Keys:

    library:stamp:books          a table's stamp
    library:stamp:books:42       a row's
    library:changes:books        a table's recent changes
    library:books:list:3f2c…     an entry; with `:lead:` behind it, its leader
"""

from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from caching import stamps
from caching.breaker import Breaker, Unavailable
from caching.changes import MAX_RECENT, Change, recent_key

SCRIPT = (Path(__file__).parent / "stamps.lua").read_text(encoding="utf-8")
# A row's stamp may go at any time: the next reader makes a new one.
ROW_LIFE = 24 * 3600
LEAD = """
local entry = redis.call('MGET', KEYS[1])[1] or ''
if string.sub(entry, 1, #ARGV[3]) == ARGV[3] then
  return false
end
return redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
"""
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
"""


class RedisStore:
    """Stamps and entries in Redis. Raises Unavailable when it does not answer."""

    def __init__(self, url, *, prefix, lease, timeout, cooldown):
        self.prefix, self.lease = prefix, lease
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # An idle connection may have been closed meanwhile: one more try, which
            # no step minds, but none after a timeout.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self.breaker = Breaker(cooldown=cooldown, errors=(redis.RedisError, OSError))
        self.script = self.client.register_script(SCRIPT)
        self.lead_script = self.client.register_script(LEAD)
        self.release_script = self.client.register_script(RELEASE)

    def read(self, entries, names):
        """Return the values of the entries and {name: text} of the stamps."""
        keys = [f"{self.prefix}:{key}" for key in entries] + self._stamp_keys(names)
        values = self.breaker.call(self._mget, keys)
        if self.breaker.recovering:
            # Others may owe invalidations from while Redis was away; they pay now.
            raise Unavailable("Redis just came back")
        return values[: len(entries)], _texts(names, values[len(entries) :])

    def _mget(self, keys):
        # What client.mget() does, without what it does besides: half of a hit's
        # cost. An idle connection may have been closed: then once more, as there.
        pool = self.client.connection_pool
        for is_last in (False, True):
            connection = pool.get_connection()
            try:
                connection.send_command("MGET", *keys)
                return connection.read_response()
            except redis.ConnectionError:
                connection.disconnect()
                if is_last:
                    raise
            except BaseException:
                # An answer may still come: nobody else may get it.
                connection.disconnect()
                raise
            finally:
                pool.release(connection)

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
        self.breaker.call(self.client.set, f"{self.prefix}:{key}", value, px=px)

    def drop(self, key):
        """Forget an entry."""
        self.breaker.call(self.client.unlink, f"{self.prefix}:{key}")

    def lead(self, key, identity, leader, seconds):
        """Return whether `leader` may compute, alone, for so many seconds.

        Per identity: who computes from before a write is no leader after it. Nobody
        leads to what was kept in the meantime.
        """
        keys = [f"{self.prefix}:{key}", f"{self.prefix}:{key}:lead:{identity}"]
        arguments = [leader, int(seconds * 1000), f"{identity} "]
        return bool(self.breaker.call(self.lead_script, keys=keys, args=arguments))

    def release(self, key, identity, leader):
        """Let the next one lead."""
        keys = [f"{self.prefix}:{key}:lead:{identity}"]
        self.breaker.call(self.release_script, keys=keys, args=[leader])

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
        lease, life = int(self.lease * 1000), ROW_LIFE * 1000
        options = [what, writer, lease, life, MAX_RECENT, stamps.new_token()]
        values = self.breaker.call(
            self.script,
            keys=recent + self._stamp_keys(names),
            args=options + [str(changes[table]) for table in tables],
        )
        return _texts(names, values)

    def _stamp_keys(self, names):
        return [f"{self.prefix}:stamp:{name}" for name in names]


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
