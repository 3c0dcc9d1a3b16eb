"""The latest notes, numbered: in Redis where there is one, else in this process.

A note that Redis could not take is kept by its process, so that a page which that
process answers shows what happens while Redis is away.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple, Self

from caching.conf import conf, once_per_settings
from caching.stores import Unavailable
from caching.stores.clients import make_client

# Notes that are kept, and the seconds that Redis keeps each.
KEPT, LIFE = 500, 600
# Commands that the API may use anyway (scripts/docker-compose.yml). A note's key is not
# among KEYS: on Redis Cluster the prefix's braces keep it in the same slot.
# A number that is lost, or is not ours, begins anew at the milliseconds since 1970:
# never at an old one.
ADD = """
local text = redis.call('MGET', KEYS[1])[1] or ''
local ours = string.match(text, '^%d+$') and #text < 16
local number = 1 + (ours and tonumber(text) or redis.call('TIME')[1] * 1000)
text = string.format('%.0f', number)
redis.call('SET', KEYS[1], text, 'EX', ARGV[3])
local slot = string.format('%.0f', number % tonumber(ARGV[2]))
redis.call('SET', KEYS[1] .. ':' .. slot, text .. ' ' .. ARGV[1], 'EX', ARGV[3])
"""
NUMBER = re.compile(rb"\d{1,15}")
CURSOR = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)


class Cursor(NamedTuple):
    """How far a page has read: numbers of the last notes, in Redis and in a process."""

    shared: int = 0
    own: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the cursor that str() made; the beginning if it is none."""
        found = CURSOR.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else cls()

    def __str__(self) -> str:
        return f"{self.shared}-{self.own}"


class MemoryRing:
    """Notes in this process."""

    def __init__(self) -> None:
        self.kept: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self.numbers = count(int(time.time() * 1000))
        self.mutex = threading.Lock()

    def add(self, note: str) -> None:
        """Add a note, in one line."""
        with self.mutex:
            self.kept.append((next(self.numbers), note))

    def since(self, cursor: Cursor) -> tuple[list[str], Cursor]:
        """Return the notes after a cursor, and the cursor behind them."""
        with self.mutex:
            kept = list(self.kept)
        last = kept[-1][0] if kept else cursor.own
        news = [note for number, note in kept if number > cursor.own]
        return news, Cursor(0, last)


class RedisRing:
    """Notes in Redis, under `library:page`, seen by all processes; else in `own`."""

    def __init__(self) -> None:
        self.own, self.key = MemoryRing(), f"{conf().prefix}:page"
        self.client, self.breaker = make_client("The store of the cache page")
        self.script = self.client.register_script(ADD)

    def add(self, note: str) -> None:
        """Add a note, in one line."""
        try:
            self._ask(lambda: self.script([self.key], [note, KEPT, LIFE]))
        except Unavailable:
            self.own.add(note)

    def since(self, cursor: Cursor) -> tuple[list[str], Cursor]:
        """Return the notes after a cursor, and the cursor behind them."""
        own, behind = self.own.since(cursor)
        try:
            shared, last = self._ask(lambda: self._shared_since(cursor.shared))
        except Unavailable:
            shared, last = [], cursor.shared
        return shared + own, Cursor(last, behind.own)

    def _shared_since(self, seen: int) -> tuple[list[str], int]:
        value: Any
        [value] = self.client.mget([self.key])
        last = int(value) if NUMBER.fullmatch(value or b"") else seen
        numbers = range(max(seen, last - KEPT) + 1, last + 1)
        keys = [f"{self.key}:{number % KEPT}" for number in numbers]
        values: Any = self.client.mget(keys) if keys else []
        found = [_note(value, number) for value, number in zip(values, numbers)]
        return [note for note in found if note], last

    def _ask(self, command: Callable[[], Any]) -> Any:
        return self.breaker.call(command)


def _note(value: bytes | None, number: int) -> str:
    """Return the note under a number; "" if its place holds another one."""
    text = (value or b"").decode("utf-8", "replace")
    found, _, note = text.partition(" ")
    return note if found == str(number) else ""


@once_per_settings
def get_ring() -> MemoryRing | RedisRing:
    """Return the one ring of this process, as the settings say."""
    return RedisRing() if conf().redis_url else MemoryRing()
