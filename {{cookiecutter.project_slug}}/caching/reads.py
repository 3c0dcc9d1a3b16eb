"""Reading: look an entry up; if there is none, compute the answer once and store it.

lookup         one round trip: read the entries and their stamps
reopen         only if a stamp is missing, or an intent may have expired
single flight  the holder of a lock computes; the others wait for its entry
store          under the version that was read before the database

Single flight is named after Go's package singleflight. Here it works across processes.
"""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from django.db import connection

from caching import signals, writes
from caching.conf import conf
from caching.dependencies import (
    BoundDependency,
    BoundSelection,
    Recent,
    current_validity,
    rows_changed_since,
)
from caching.entries import Entry, load, stored_version
from caching.stamps import (
    NOTHING,
    Names,
    StampMissing,
    StampTexts,
    new_token,
    recent_key,
)
from caching.stores import Store, Unavailable, get_store

HIT, WAIT, MISS, BYPASS = "hit", "wait", "miss", "bypass"
# Seconds between two lookups of an entry that another request is computing.
FIRST_PAUSE, LONGEST_PAUSE = 0.004, 0.05


class CacheSpec(NamedTuple):
    """The key of one request's entry, and what its answer depends on."""

    key: str
    depends_on: tuple[BoundDependency, ...]

    def stamp_names(self) -> list[str]:
        """Return the names of the stamps to read."""
        return [name for each in self.depends_on for name in each.stamp_names()]

    def selected_tables(self) -> list[str]:
        """Return the names of the tables whose recent changes to read."""
        return [d.table for d in self.depends_on if isinstance(d, BoundSelection)]


class Hit(NamedTuple):
    """There is a valid entry."""

    entry: Entry


class Missing(NamedTuple):
    """There is no valid entry. One that is computed now is stored under `version`.

    It is not stored if it shows one of the `changing` rows, which are being written.
    """

    version: str
    changing: Names = NOTHING


class Blocked(NamedTuple):
    """Nothing may be served or stored, for this reason. Reopening may help."""

    reason: str


class Bypass(NamedTuple):
    """The cache can't be used, for this reason."""

    reason: str


Found = Hit | Missing | Blocked | Bypass


class Fetched(NamedTuple):
    """An entry, how it was fetched (HIT, WAIT, MISS, BYPASS), why it is not stored."""

    entry: Entry
    result: str
    reason: str = ""


class Uncacheable(Exception):
    """A function that computes entries raises this if there is none to store."""


Compute = Callable[[], Entry]


def entry_key(release: str, *parts: object) -> str:
    """Return an entry's key. Releases that share a store share no keys."""
    key = ":".join(map(str, parts))
    return f"{key}@{release}" if release else key


def lookup(store: Store, specs: Sequence[CacheSpec]) -> list[Hit | Missing | Blocked]:
    """Return the outcome for each spec, in one round trip. Raises Unavailable."""
    names = list(dict.fromkeys(name for spec in specs for name in spec.stamp_names()))
    tables = list(dict.fromkeys(t for spec in specs for t in spec.selected_tables()))
    keys = [spec.key for spec in specs] + [recent_key(table) for table in tables]
    values, texts = store.read(keys, names)
    recent = dict(zip(tables, values[len(specs) :]))
    return [evaluate(spec, value, texts, recent) for spec, value in zip(specs, values)]


def evaluate(
    spec: CacheSpec, value: bytes | None, texts: StampTexts, recent: Recent
) -> Hit | Missing | Blocked:
    """Return the outcome for a spec: `value` is its entry, `texts` are its stamps."""
    found = check_stamps(spec, texts)
    if isinstance(found, Blocked):
        return found
    entry = _valid_entry(spec, value, found.version, recent)
    return Hit(entry) if entry else found


def check_stamps(spec: CacheSpec, texts: StampTexts) -> Missing | Blocked:
    """Return under which version to store an entry, or why to store none."""
    read = tuple((name, texts.get(name)) for name in spec.stamp_names())
    try:
        version, reason, changing = current_validity(spec.depends_on, read)
    except StampMissing:
        return Blocked("unopened")
    return Blocked(reason) if reason else Missing(version, changing)


def reopen(store: Store, spec: CacheSpec) -> Missing | Blocked:
    """Make missing stamps, end expired intents, and check the stamps again."""
    return check_stamps(spec, store.open(list(dict.fromkeys(spec.stamp_names()))))


def try_lookup(specs: Sequence[CacheSpec]) -> list[Found]:
    """Return the outcome for each spec: Bypass if the cache can't be used.

    It can't be used in a transaction: that may read its own writes, or data from before
    a commit that others have already seen.
    """
    if connection.in_atomic_block:
        return [Bypass("transaction") for _ in specs]
    try:
        store = get_store()
        writes.flush(store)
        return [*lookup(store, specs)]
    except Unavailable:
        return [Bypass("unavailable") for _ in specs]


def get_or_compute(spec: CacheSpec, found: Found, compute: Compute) -> Fetched:
    """Return the entry that was found, or compute it. Raises what `compute` raises."""
    if isinstance(found, Hit):
        return Fetched(found.entry, HIT)
    if isinstance(found, Bypass):
        return Fetched(compute(), BYPASS, found.reason)
    try:
        store = get_store()
        if isinstance(found, Blocked) or found.changing:
            found = reopen(store, spec)
        if isinstance(found, Missing) and found.changing:
            # Nobody knows yet whether this entry may be stored, so nobody waits for it.
            return _compute_and_store(store, spec, found, compute)
        if isinstance(found, Missing):
            return _single_flight(store, spec, found, compute)
    except Unavailable:
        found = Bypass("unavailable")
    return Fetched(compute(), BYPASS, found.reason)


def store_entry(store: Store, spec: CacheSpec, version: str, entry: Entry) -> None:
    """Store an entry that was built from `version`, if the store is available."""
    ttl = conf().ttl * (1 - random.random() * conf().ttl_jitter)
    # The client gets the answer even if it could not be stored.
    with suppress(Unavailable):
        store.keep(spec.key, entry.dump(version), ttl)


def _valid_entry(
    spec: CacheSpec, value: bytes | None, now: str, recent: Recent
) -> Entry | None:
    version = stored_version(value)
    changed = rows_changed_since(spec.depends_on, version, now, recent)
    if value is None or changed is None:
        return None
    entry = load(value, version)
    return None if entry is None or entry.shows(changed) else entry


def _single_flight(
    store: Store, spec: CacheSpec, found: Missing, compute: Compute
) -> Fetched:
    holder, pause = new_token(), FIRST_PAUSE
    deadline = time.monotonic() + conf().wait
    while time.monotonic() < deadline:
        if store.lock(spec.key, found.version, holder, conf().lock):
            return _compute_as_holder(store, spec, found, compute, holder)
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(2 * pause, LONGEST_PAUSE)
        [again] = lookup(store, [spec])
        if isinstance(again, Hit):
            return Fetched(again.entry, WAIT)
        if isinstance(again, Blocked):
            return Fetched(compute(), BYPASS, again.reason)
        found = again
    return Fetched(compute(), BYPASS, "wait")


def _compute_as_holder(
    store: Store, spec: CacheSpec, found: Missing, compute: Compute, holder: str
) -> Fetched:
    signals.locked.send(None, key=spec.key, holder=holder)
    try:
        # Another holder may have stored it after this request's lookup.
        [again] = lookup(store, [spec])
        if isinstance(again, Hit):
            return Fetched(again.entry, WAIT)
        return _compute_and_store(store, spec, found, compute)
    finally:
        with suppress(Unavailable):
            store.unlock(spec.key, found.version, holder)
        signals.unlocked.send(None, key=spec.key, holder=holder)


def _compute_and_store(
    store: Store, spec: CacheSpec, found: Missing, compute: Compute
) -> Fetched:
    entry = compute()
    if entry.shows(found.changing):
        return Fetched(entry, BYPASS, "write")
    store_entry(store, spec, found.version, entry)
    return Fetched(entry, MISS)
