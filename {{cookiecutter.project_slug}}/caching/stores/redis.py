"""The store in Redis. Every method is one round trip.

Works on Redis 6 or newer, and on Valkey: MGET, SET with PX and NX, EVALSHA. For what
each method does see Store in caching/stores/__init__.py. Keys:

    library:stamp:books          a table's stamp
    library:stamp:books:42       a row's
    library:changes:books        a table's recent changes
    library:books:list:3f2c…     an entry; followed by `:lock:…`, its lock
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from caching import signals, stamps
from caching.stamps import MAX_RECENT, Change, Changes, StampTexts, recent_key
from caching.stores.breaker import Breaker, Unavailable
from caching.stores.connections import Command, IdleConnections

SCRIPT = (Path(__file__).parent / "stamps.lua").read_text(encoding="utf-8")
# No table has this name: its stamp is written to see whether Redis can be.
WRITABLE = "writable"
UNLOCK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
"""


class RedisStore:
    """Stamps and entries in Redis. Raises Unavailable when it does not answer.

    All times are in seconds. `lease`: how long an intent stands. `row_life`: how long a
    row's stamp lives. `timeout`: how long Redis may take to answer. `cooldown`: how
    long nobody asks it after it failed. `writable_check`: how long it counts as
    writable after it was written to.

    A Redis that answers and can't be written (a read-only replica, full, a right that
    was taken away) is as good as none: whoever writes can't invalidate what the others
    go on reading. So a process reads only while it knows that it could write.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str,
        lease: float,
        row_life: float,
        timeout: float,
        cooldown: float,
        writable_check: float,
    ) -> None:
        self.prefix, self.lease, self.row_life = prefix, lease, row_life
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # No retries here: the client would send the same token twice. See _ask().
            retry=Retry(NoBackoff(), 0),
        )
        self.connections = IdleConnections(self.client.connection_pool)
        errors = (redis.RedisError, OSError)
        self.breaker = Breaker(cooldown=cooldown, errors=errors, tell=_tell)
        self.writable_check, self.written_at = writable_check, float("-inf")
        self.script = self.client.register_script(SCRIPT)
        self.unlock_script = self.client.register_script(UNLOCK)

    def read(
        self, entries: Sequence[str], names: Sequence[str]
    ) -> tuple[list[bytes | None], StampTexts]:
        """Return the values of the entries, and the texts of the stamps."""
        keys = [f"{self.prefix}:{key}" for key in entries] + self._stamp_keys(names)
        values = self._ask(lambda: self._read_if_writable(keys))
        if self.breaker.recovering:
            # Other processes may still have pending invalidations, and flush them now.
            raise Unavailable("Redis just came back")
        return values[: len(entries)], _texts(names, values[len(entries) :])

    def open(self, names: Sequence[str]) -> StampTexts:
        """Make the stamps that are missing, end expired intents, return the texts."""
        tables = {name: Change() for name in names if ":" not in name}
        return self._step("open", "", tables, names)

    def add_intent(self, writer: str, changes: Changes) -> None:
        """Add a write's intent, and renew the tokens of all stamps that it changes."""
        self._step("intend", writer, changes, _names(changes))

    def finish(self, writer: str, changes: Changes) -> None:
        """Remove the writer's intents, and renew the tokens again."""
        self._step("finish", writer, changes, _names(changes))

    def keep(self, key: str, value: bytes, ttl: float) -> None:
        """Store an entry for `ttl` seconds."""
        name, px = f"{self.prefix}:{key}", max(1, int(ttl * 1000))
        self._ask(lambda: self.connections.ask(("SET", name, value, "PX", px)))

    def lock(self, key: str, version: str, holder: str, seconds: float) -> bool:
        """Return whether `holder` got the single-flight lock on an entry."""
        name, px = self._lock_key(key, version), int(seconds * 1000)
        command = "SET", name, holder, "NX", "PX", px
        [locked] = self._ask(lambda: self.connections.ask(command))
        return locked is not None

    def unlock(self, key: str, version: str, holder: str) -> None:
        """End the holder's single-flight lock."""
        name = self._lock_key(key, version)
        self._ask(lambda: self._run(self.unlock_script, [name], [holder]))

    def ping(self) -> bool:
        """Return whether Redis can be written. Asks during the cooldown, too."""
        try:
            self._check_writable()
        except (redis.RedisError, OSError):
            return False
        self.breaker.succeeded()
        return True

    def clear(self) -> None:
        """Delete all keys with the prefix. For tests: it scans every key in Redis."""
        for key in self.client.scan_iter(f"{_escape(self.prefix)}:*", count=1000):
            self.client.unlink(key)

    def _read_if_writable(self, keys: list[str]) -> list[bytes | None]:
        read = ["MGET", *keys]
        if time.monotonic() - self.written_at < self.writable_check:
            [values] = self.connections.ask(read)
            return values  # type: ignore[no-any-return]  # what MGET returns
        try:
            checked_at = time.monotonic()
            _, values = self.connections.ask(self._write_of_nothing(), read)
        except redis.exceptions.NoScriptError:
            self._check_writable()
            [values] = self.connections.ask(read)
        self.written_at = checked_at
        return values  # type: ignore[no-any-return]

    def _check_writable(self) -> None:
        checked_at = time.monotonic()
        keys, arguments = self._call("open", "", {WRITABLE: Change()}, [WRITABLE])
        self._run(self.script, keys, arguments)
        self.written_at = checked_at

    def _write_of_nothing(self) -> Command:
        # By the script that invalidates: a right to SET alone would prove little.
        keys, arguments = self._call("open", "", {WRITABLE: Change()}, [WRITABLE])
        return _by_digest(self.script, keys, arguments)

    def _run(self, script: Script, keys: list[str], arguments: Sequence[Any]) -> Any:
        """Return what a script returns. Redis gets its text only if it asks for it."""
        try:
            [reply] = self.connections.ask(_by_digest(script, keys, arguments))
        except redis.exceptions.NoScriptError:
            reply = script(keys, arguments)
        return reply

    def _ask(self, command: Callable[[], Any]) -> Any:
        """Return what the command returns; call it again if its connection broke.

        Redis may have closed an idle connection. A timeout is not retried.
        """

        def ask_twice() -> Any:
            try:
                return command()
            except redis.ConnectionError:
                return command()

        return self.breaker.call(ask_twice)

    def _step(
        self, what: str, writer: str, changes: Changes, names: Sequence[str]
    ) -> StampTexts:
        # The script expects the tables before the rows.
        names = sorted(names, key=lambda name: ":" in name)

        def step() -> Any:
            began = time.monotonic()
            # A new token each time: a step that is repeated may already have been done.
            texts = self._run(self.script, *self._call(what, writer, changes, names))
            self.written_at = began
            return texts

        return _texts(names, self._ask(step))

    def _call(
        self, what: str, writer: str, changes: Changes, names: Sequence[str]
    ) -> tuple[list[str], list[str | int]]:
        """Return the script's keys and arguments, with a new token among them."""
        tables = [name for name in names if ":" not in name]
        recent = [f"{self.prefix}:{recent_key(table)}" for table in tables]
        keys = recent + self._stamp_keys(names)
        times = [int(self.lease * 1000), int(self.row_life * 1000), MAX_RECENT]
        written = [str(changes[table]) for table in tables]
        return keys, [what, writer, *times, stamps.new_token(), *written]

    def _stamp_keys(self, names: Sequence[str]) -> list[str]:
        return [f"{self.prefix}:stamp:{name}" for name in names]

    def _lock_key(self, key: str, version: str) -> str:
        return f"{self.prefix}:{key}:lock:{version}"


def _by_digest(
    script: Script, keys: Sequence[str], arguments: Sequence[Any]
) -> Command:
    return ["EVALSHA", script.sha, len(keys), *keys, *arguments]


def _tell(broken: bool) -> None:
    signals.broken.send(None, broken=broken)


def _names(changes: Changes) -> list[str]:
    rows = (f"{name}:{row}" for name in changes for row in changes[name].rows or ())
    return [*changes, *rows]


def _texts(names: Sequence[str], values: Sequence[bytes | None]) -> StampTexts:
    # Bytes that are not ours decode to something that matches no stamp.
    return {
        name: None if value is None else value.decode("ascii", "backslashreplace")
        for name, value in zip(names, values, strict=True)
    }


def _escape(prefix: str) -> str:
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in prefix)
