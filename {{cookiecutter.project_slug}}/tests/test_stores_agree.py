"""After any steps both stores show a reader the same, except for the tokens."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caching.dependencies import BoundRow, BoundSelection, Table
from caching.entries import Entry
from caching.reads import CacheSpec
from caching.stamps import Change, recent_key
from tests.stores import (
    LONG,
    InMemory,
    InRedis,
    look_at_stamps,
    look_up,
    see,
    version_in,
)

pytestmark = pytest.mark.once

SPECS = (
    CacheSpec("books:list:0", (Table("books"),)),
    CacheSpec("books:detail:7", (BoundRow("books", "7"), Table("tags"))),
    CacheSpec("books:detail:8", (BoundRow("books", "8"), Table("tags"))),
    CacheSpec("tags:detail:7", (BoundRow("tags", "7"),)),
    CacheSpec("books:page:0", (BoundSelection("books"), Table("tags"))),
    CacheSpec("books:found:0", (BoundSelection("books", frozenset(["title"])),)),
)
NAMES = ("books", "tags", "books:7", "books:8", "tags:7")

specs = st.integers(0, len(SPECS) - 1)
# How many versions back: a slow reader stores under an old one.
ages = st.sampled_from([0, 0, 0, 1])
people = st.sampled_from(["anna", "anna-maria"])
SEVEN, BOTH, NEW, ANY = (Change.build(rows) for rows in (["7"], ["7", "8"], (), None))
CHANGES = [{"books": SEVEN}, {"books": BOTH}, {"books": NEW}, {"books": ANY}]
CHANGES += [{"tags": SEVEN}, {"books": SEVEN, "tags": ANY}]
CHANGES += [{"books": Change.build(["8"], [name])} for name in ("stock", "title")]
CHANGES += [{"books": Change.build(["7", "9"], ["author", "stock"])}]
changes = st.sampled_from(CHANGES)
steps = st.one_of(
    st.tuples(st.just("open"), specs),
    st.tuples(st.just("add_intent"), people, changes),
    st.tuples(st.just("finish"), people, changes),
    st.tuples(st.just("keep"), specs, ages, st.integers(0, 9)),
    st.tuples(st.just("lock"), specs, ages, people),
    st.tuples(st.just("unlock"), specs, ages, people),
    st.tuples(st.just("drop"), specs),
    st.tuples(st.just("lose"), st.sampled_from(NAMES)),
    st.tuples(st.just("forget")),
    st.tuples(st.just("expire")),
)


class Told:
    """A store whose versions are numbered in the order of their first appearance."""

    def __init__(self, hand):
        self.hand, self.store = hand, hand.store
        self.versions = {spec: [] for spec in SPECS}

    def take(self, step):
        """Take a step; return the part of its result that a reader can see."""
        name, *arguments = step
        return getattr(self, f"_{name}")(*arguments)

    def shown(self):
        """Return what a reader of each spec finds."""
        looks = itertools.product(SPECS, (look_up, look_at_stamps))
        return [self._told(spec, look(self.store, spec)) for spec, look in looks]

    def _told(self, spec, found):
        known, version = self.versions[spec], version_in(found)
        if not version:
            return found
        if version not in known:
            known.append(version)
        return found._replace(version=known.index(version))

    def _version(self, spec, age):
        known = self.versions[spec]
        return known[-1 - age] if age < len(known) else "none"

    def _open(self, number):
        return self._told(SPECS[number], see(self.store, SPECS[number]))

    def _add_intent(self, writer, changed):
        self.store.add_intent(writer, changed)

    def _finish(self, writer, changed):
        self.store.finish(writer, changed)

    def _keep(self, number, age, answer):
        spec = SPECS[number]
        entry = Entry.build(b"%d" % answer, compress_from=1024, rows=[answer])
        self.store.keep(spec.key, entry.dump(self._version(spec, age)), LONG)

    def _lock(self, number, age, holder):
        spec = SPECS[number]
        return self.store.lock(spec.key, self._version(spec, age), holder, LONG)

    def _unlock(self, number, age, holder):
        spec = SPECS[number]
        self.store.unlock(spec.key, self._version(spec, age), holder)

    def _drop(self, number):
        self.hand.forget(SPECS[number].key)

    def _lose(self, name):
        self.hand.lose(name)

    def _forget(self):
        self.hand.forget(recent_key("books"))

    def _expire(self):
        self.hand.expire()


@pytest.fixture(scope="module")
def in_redis(redis_url):
    """Return access to a store in Redis."""
    return InRedis(redis_url)


@settings(max_examples=60, database=None)
@given(taken=st.lists(steps, min_size=15, max_size=40))
def test_the_stores_agree(in_redis, taken):
    in_redis.client.flushdb()
    both = Told(InMemory()), Told(in_redis)
    for step in [("open", 0), ("open", 1), ("open", 3), ("expire",), *taken]:
        returned = [told.take(step) for told in both]
        assert returned[0] == returned[1], step
        shown = [told.shown() for told in both]
        assert shown[0] == shown[1], step
