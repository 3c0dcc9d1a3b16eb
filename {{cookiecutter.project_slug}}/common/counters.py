"""Counters of requests: in Redis where there is one, else in this process.

A counter belongs to a name, and lives for one window, which begins with its first
request. Counting and comparing with the limit are one step, so that no more than the
limit get through, however many come at once. Around the border of two windows it may be
twice the limit: the end of one and the beginning of the next.

While Redis is away, each worker process counts by itself, up to its share of the limit;
with several hosts, each of them lets the whole limit through.

Why not a library? django-axes counts a login after it failed, so of guesses that come
at once all are checked, and it locks the account for everybody. django-ratelimit needs
Django's cache, and while that is away refuses every login, or none. `limits` counts
atomically, but fails on a value in Redis that is not its own, or refuses for good (a
number that never expires), and it brings four more packages.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings

from caching.conf import conf, once_per_settings
from caching.stores import Unavailable
from caching.stores.clients import make_client

MAX_LOCAL = 10_000
PERIODS = {"sec": 1, "min": 60, "hour": 3600, "day": 86_400}
# A value that is not ours counts as 0: one of another type (which MGET takes for
# missing), one that is no number, or one without the expiry of a counter.
TAKE = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local count = redis.call('MGET', KEYS[1])[1] or ''
local left = redis.call('PTTL', KEYS[1])
if not string.match(count, '^%d+$') or left < 1 or left > window then
  count, left = 0, window
end
if tonumber(count) >= limit then
  return left
end
redis.call('SET', KEYS[1], tonumber(count) + 1, 'PX', left)
return 0
"""
GIVE_BACK = """
if string.match(redis.call('MGET', KEYS[1])[1] or '', '^[1-9]%d*$') then
  redis.call('DECR', KEYS[1])
end
"""


@dataclass(frozen=True)
class Rate:
    """So many requests in a window of so many seconds."""

    limit: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Return the rate that a setting such as `10/min` means."""
        limit, _, period = text.partition("/")
        return cls(int(limit), PERIODS[period])


class Counters(Protocol):
    """What counters in Redis and in this process can do. All methods are atomic."""

    def take(self, name: str, rate: Rate) -> float:
        """Count a request; return 0, or the seconds until there is room for it."""

    def give_back(self, name: str) -> None:
        """Take back one request that was counted."""

    def mark(self, name: str, seconds: int) -> None:
        """Remember a name for so many seconds."""

    def is_marked(self, name: str) -> bool:
        """Return whether a name is remembered."""


class LocalCounters:
    """Counters of this process, which has its share of each limit.

    The share is at least one request: a limit below the number of `workers` lets one
    through in each. `clock` returns seconds.
    """

    def __init__(
        self, workers: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.workers, self.clock = workers, clock
        # name: (count, the time at which the window ends)
        self.counts: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self.mutex = threading.Lock()

    def take(self, name: str, rate: Rate) -> float:
        """Count a request; return 0, or the seconds until there is room for it."""
        share = rate.limit and max(1, rate.limit // self.workers)
        with self.mutex:
            now = self.clock()
            count, end = self.counts.get(name, (0, 0.0))
            if end <= now:
                count, end = 0, now + rate.seconds
            if count >= share:
                return end - now
            self._put(name, count + 1, end)
            return 0

    def give_back(self, name: str) -> None:
        """Take back one request that was counted."""
        with self.mutex:
            count, end = self.counts.get(name, (0, 0.0))
            if count:
                self._put(name, count - 1, end)

    def mark(self, name: str, seconds: int) -> None:
        """Remember a name for so many seconds."""
        with self.mutex:
            self._put(name, 1, self.clock() + seconds)

    def is_marked(self, name: str) -> bool:
        """Return whether a name is remembered."""
        return self.counts.get(name, (0, 0.0))[1] > self.clock()

    def _put(self, name: str, count: int, end: float) -> None:
        self.counts[name] = count, end
        self.counts.move_to_end(name)
        if len(self.counts) > MAX_LOCAL:
            self.counts.popitem(last=False)


class RedisCounters:
    """Counters in Redis, under `library:throttle:…`; in `local` while it is away."""

    def __init__(self, local: LocalCounters) -> None:
        self.local, self.prefix = local, f"{conf().prefix}:throttle"
        self.client, self.breaker = make_client("The store of the throttles")
        self.take_script = self.client.register_script(TAKE)
        self.give_back_script = self.client.register_script(GIVE_BACK)

    def take(self, name: str, rate: Rate) -> float:
        """Count a request; return 0, or the seconds until there is room for it."""
        keys, arguments = [self._key(name)], [rate.limit, rate.seconds * 1000]
        try:
            return int(self._ask(lambda: self.take_script(keys, arguments))) / 1000
        except Unavailable:
            return self.local.take(name, rate)

    def give_back(self, name: str) -> None:
        """Take back one request that was counted."""
        try:
            self._ask(lambda: self.give_back_script([self._key(name)]))
        except Unavailable:
            self.local.give_back(name)

    def mark(self, name: str, seconds: int) -> None:
        """Remember a name for so many seconds."""
        try:
            self._ask(lambda: self.client.set(self._key(name), 1, ex=seconds))
        except Unavailable:
            self.local.mark(name, seconds)

    def is_marked(self, name: str) -> bool:
        """Return whether a name is remembered."""
        try:
            return bool(self._ask(lambda: self.client.exists(self._key(name))))
        except Unavailable:
            return self.local.is_marked(name)

    def _ask(self, command: Callable[[], Any]) -> Any:
        return self.breaker.call(command)

    def _key(self, name: str) -> str:
        return f"{self.prefix}:{name}"


# Made once, before threads can race to make it.
LOCAL = LocalCounters(settings.WORKER_PROCESSES)


@once_per_settings
def get_counters() -> Counters:
    """Return the counters that the settings say."""
    return RedisCounters(LOCAL) if conf().redis_url else LOCAL
