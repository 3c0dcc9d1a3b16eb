"""Stores: where stamps and entries are kept, and which one this process uses."""

from collections.abc import Sequence
from typing import Protocol

from django.db import connection

from caching.change_log import is_shared_file
from caching.conf import conf, once_per_settings
from caching.stamps import Changes, StampTexts
from caching.stores.breaker import Unavailable
from caching.stores.memory import MemoryStore
from caching.stores.redis import RedisStore
from caching.stores.sqlite import SQLiteStore
from caching.stores.timing import timed

__all__ = ["Store", "Unavailable", "get_store", "is_shared"]

# A row's stamp lives ten times as long as an entry, because without the stamp the entry
# can't be served. It does expire: requests for rows that don't exist make stamps, too.
ROW_LIFE_IN_TTLS = 10


class Store(Protocol):
    """What every store can do. Every method but ping() may raise Unavailable.

    `names` are names of stamps: `books` for a table, `books:7` for a row. Times are in
    seconds. Each method is atomic.
    """

    def read(
        self, entries: Sequence[str], names: Sequence[str]
    ) -> tuple[list[bytes | None], StampTexts]:
        """Return the values under the keys `entries`, and the texts of the stamps."""

    def open(self, names: Sequence[str]) -> StampTexts:
        """Make the stamps that are missing, end expired intents, return the texts."""

    def add_intent(self, writer: str, changes: Changes) -> None:
        """Add a write's intent, and renew the tokens of all stamps that it changes."""

    def finish(self, writer: str, changes: Changes) -> None:
        """Remove the writer's intents, and renew the tokens again."""

    def keep(self, key: str, value: bytes, ttl: float) -> None:
        """Store an entry for `ttl` seconds."""

    def lock(self, key: str, version: str, holder: str, seconds: float) -> bool:
        """Return whether `holder` got the single-flight lock on an entry.

        It expires after `seconds`. Each version has its own lock: a request that began
        before a write does not block those that come after it.
        """

    def unlock(self, key: str, version: str, holder: str) -> None:
        """End the holder's single-flight lock."""

    def ping(self) -> bool:
        """Return whether the store answers, and can be written."""

    def clear(self) -> None:
        """Forget everything. For tests."""


def is_shared() -> bool:
    """Return whether other processes see what this one invalidates."""
    return bool(conf().redis_url) or is_shared_file(connection)


@once_per_settings
def get_store() -> Store:
    """Return the one store of this process, as the settings say."""
    given = conf()
    if not given.redis_url and is_shared_file(connection):
        return timed(SQLiteStore)(lease=given.lease, timeout=given.timeout)
    if not given.redis_url:
        return timed(MemoryStore)(lease=given.lease)
    return timed(RedisStore)(
        given.redis_url,
        prefix=given.prefix,
        lease=given.lease,
        row_life=ROW_LIFE_IN_TTLS * given.ttl,
        timeout=given.timeout,
        cooldown=given.cooldown,
        writable_check=given.writable_check,
    )
