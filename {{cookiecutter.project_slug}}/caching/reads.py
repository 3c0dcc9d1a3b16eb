"""Reading: look, and if there is nothing, compute once and keep.

look     one round trip: the entries and their stamps
open     only if a stamp is missing or a write announced
lead     one reader computes, the others wait for its entry
keep     under the stamps that were read before the database was asked
"""

import random
import time
from typing import NamedTuple

from django.db import connection

from caching import entries, faults, stamps, writes
from caching.breaker import Unavailable
from caching.changes import NOTHING, recent_key
from caching.conf import conf
from caching.store import get_store

HIT, WAIT, MISS, BYPASS = "hit", "wait", "miss", "bypass"
FIRST_PAUSE, LONGEST_PAUSE = 0.004, 0.05


class Plan(NamedTuple):
    """An entry's key and what its answer depends on."""

    key: str
    depends_on: tuple

    def dependencies(self):
        """Return all that its answer depends on; the release comes first, if named."""
        release = conf().release
        also = (stamps.Release(release),) if release else ()
        return also + self.depends_on

    def names(self):
        """Return the names of all stamps to read."""
        return [name for each in self.depends_on for name in each.stamp_names()]

    def tables(self):
        """Return the tables whose recent changes to read."""
        return [d.table for d in self.depends_on if isinstance(d, stamps.Selection)]


class Look(NamedTuple):
    """What was found: an entry, or what it may be kept under, or why not.

    `unopened`: a stamp is missing, or has an announcement that may be over. `touched`:
    what shows one of these rows may not be kept.
    """

    entry: entries.Entry | None = None
    identity: str | None = None
    reason: str = ""
    unopened: bool = False
    touched: frozenset = NOTHING


def look(store, plans):
    """Return a Look for each plan, in one round trip. Raises Unavailable."""
    names = list(dict.fromkeys(name for plan in plans for name in plan.names()))
    tables = list(dict.fromkeys(table for plan in plans for table in plan.tables()))
    keys = [plan.key for plan in plans] + [recent_key(table) for table in tables]
    values, texts = store.read(keys, names)
    recent = dict(zip(tables, values[len(plans) :]))
    return [judge(plan, value, texts, recent) for plan, value in zip(plans, values)]


def judge(plan, value, texts, recent):
    """Return the Look that an entry's `value`, stamps and recent changes give."""
    depends_on = plan.dependencies()
    read = tuple((name, texts.get(name)) for name in plan.names())
    try:
        identity, reason, touched = stamps.standing(depends_on, read)
    except stamps.Missing:
        return Look(reason="unopened", unopened=True)
    if reason:
        return Look(reason=reason, unopened=True)
    kept_under, entry = entries.identity_of(value), None
    rows = stamps.touched_since(depends_on, kept_under, identity, recent)
    if rows is not None:
        entry = entries.load(value, kept_under)
    if entry and entry.shows(rows):
        entry = None
    return Look(entry, identity, unopened=bool(touched), touched=touched)


def reopen(store, plan):
    """Make missing stamps and end expired announcements; return the Look after."""
    names = list(dict.fromkeys(plan.names()))
    return judge(plan, None, store.open(names), {})


def try_look(plans):
    """Return a Look for each plan, with a reason when nothing may be served.

    Inside a transaction that is the case: what it reads may be its own, or older
    than what others have committed since it began.
    """
    if connection.in_atomic_block:
        return [Look(reason="transaction")] * len(plans)
    try:
        store = get_store()
        writes.settle(store)
        return look(store, plans)
    except Unavailable:
        return [Look(reason="unavailable")] * len(plans)


def obtain(plan, seen, compute):
    """Return (entry, result, reason) for a plan that was looked at.

    `compute` returns an Entry, or None if there is nothing to keep; then the entry
    is None here too. The reason says why nothing was kept.
    """
    if seen.entry:
        return seen.entry, HIT, ""
    store = get_store()
    try:
        if seen.unopened:
            seen = reopen(store, plan)
        if seen.touched:
            # Whether it may be kept shows when it is there: nobody waits for that.
            return _compute_and_keep(store, plan, seen, compute)
        if seen.identity:
            return _lead_or_wait(store, plan, seen, compute)
    except Unavailable:
        seen = Look(reason="unavailable")
    return compute(), BYPASS, seen.reason


def _lead_or_wait(store, plan, seen, compute):
    leader, pause = stamps.new_token(), FIRST_PAUSE
    deadline = time.monotonic() + conf().wait
    while time.monotonic() < deadline:
        if store.lead(plan.key, seen.identity, leader, conf().lead):
            try:
                # Somebody may have led, and kept it, after this reader had looked.
                [again] = look(store, [plan])
                if again.entry:
                    return again.entry, WAIT, ""
                return _compute_and_keep(store, plan, seen, compute)
            finally:
                _quietly(store.release, plan.key, seen.identity, leader)
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(2 * pause, LONGEST_PAUSE)
        [seen] = look(store, [plan])
        if seen.entry:
            return seen.entry, WAIT, ""
        if not seen.identity:
            break
    return compute(), BYPASS, seen.reason or "wait"


def _compute_and_keep(store, plan, seen, compute):
    entry = compute()
    faults.point("before-keep")
    if entry and entry.shows(seen.touched):
        return entry, BYPASS, "write"
    if entry:
        ttl = conf().ttl * (1 - random.random() * conf().ttl_jitter)
        _quietly(store.keep, plan.key, entry.dump(seen.identity), ttl)
    return entry, MISS, ""


def _quietly(step, *arguments):
    # The answer is there; that it could not be kept is no reason to fail.
    try:
        step(*arguments)
    except Unavailable:
        pass
