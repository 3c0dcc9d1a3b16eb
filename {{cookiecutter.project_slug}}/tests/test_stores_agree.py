"""Whatever steps are taken, both stores show a reader the same, but for the tokens."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caching.changes import Change, recent_key
from caching.entries import Entry
from caching.reads import Plan
from caching.stamps import Row, Selection, Table
from tests.stores import InMemory, InRedis, look, see

pytestmark = pytest.mark.once

PLANS = (
    Plan("books:list:0", (Table("books"),)),
    Plan("books:detail:7", (Row("books", "7"), Table("tags"))),
    Plan("books:detail:8", (Row("books", "8"), Table("tags"))),
    Plan("tags:detail:7", (Row("tags", "7"),)),
    Plan("books:page:0", (Selection("books", "book_id"), Table("tags"))),
    Plan("books:found:0", (Selection("books", "book_id", frozenset(["title"])),)),
)
NAMES = ("books", "tags", "books:7", "books:8", "tags:7")

plans = st.integers(0, len(PLANS) - 1)
# Of the identities that a plan has had, how far back: a slow reader keeps an old one.
ages = st.sampled_from([0, 0, 0, 1])
people = st.sampled_from(["anna", "anna-maria"])
SEVEN, BOTH, NEW, ANY = (Change.of(rows) for rows in (["7"], ["7", "8"], (), None))
CHANGES = [{"books": SEVEN}, {"books": BOTH}, {"books": NEW}, {"books": ANY}]
CHANGES += [{"tags": SEVEN}, {"books": SEVEN, "tags": ANY}]
CHANGES += [{"books": Change.of(["8"], [name])} for name in ("stock", "title")]
CHANGES += [{"books": Change.of(["7", "9"], ["author", "stock"])}]
changes = st.sampled_from(CHANGES)
steps = st.one_of(
    st.tuples(st.just("open"), plans),
    st.tuples(st.just("announce"), people, changes),
    st.tuples(st.just("finish"), people, changes),
    st.tuples(st.just("keep"), plans, ages, st.integers(0, 9)),
    st.tuples(st.just("lead"), plans, ages, people),
    st.tuples(st.just("release"), plans, ages, people),
    st.tuples(st.just("drop"), plans),
    st.tuples(st.just("lose"), st.sampled_from(NAMES)),
    st.tuples(st.just("forget")),
    st.tuples(st.just("expire")),
)


class Told:
    """A store, with its identities told apart by when they were first seen."""

    def __init__(self, hand):
        self.hand, self.store = hand, hand.store
        self.identities = {plan: [] for plan in PLANS}

    def take(self, step):
        """Take a step; return what it returns, as far as a reader can tell."""
        name, *arguments = step
        return getattr(self, f"_{name}")(*arguments)

    def shown(self):
        """Return what a reader of each plan finds."""
        return [self._told(plan, look(self.store, plan)) for plan in PLANS]

    def _told(self, plan, seen):
        known = self.identities[plan]
        if seen.identity and seen.identity not in known:
            known.append(seen.identity)
        number = seen.identity and known.index(seen.identity)
        return seen._replace(identity=number)

    def _identity(self, plan, age):
        known = self.identities[plan]
        return known[-1 - age] if age < len(known) else "none"

    def _open(self, number):
        return self._told(PLANS[number], see(self.store, PLANS[number]))

    def _announce(self, writer, changed):
        self.store.announce(writer, changed)

    def _finish(self, writer, changed):
        self.store.finish(writer, changed)

    def _keep(self, number, age, answer):
        plan = PLANS[number]
        entry = Entry.of(b"%d" % answer, compress_from=1024, rows=[answer])
        self.store.keep(plan.key, entry.dump(self._identity(plan, age)), 60)

    def _lead(self, number, age, leader):
        plan = PLANS[number]
        return self.store.lead(plan.key, self._identity(plan, age), leader, 60)

    def _release(self, number, age, leader):
        plan = PLANS[number]
        self.store.release(plan.key, self._identity(plan, age), leader)

    def _drop(self, number):
        self.hand.forget(PLANS[number].key)

    def _lose(self, name):
        self.hand.lose(name)

    def _forget(self):
        self.hand.forget(recent_key("books"))

    def _expire(self):
        self.hand.expire()


@pytest.fixture(scope="module")
def in_redis(redis_url):
    """Return a hand in a store in Redis."""
    return InRedis(redis_url)


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)
@given(taken=st.lists(steps, min_size=15, max_size=40))
def test_the_stores_agree(in_redis, taken):
    in_redis.client.flushdb()
    both = Told(InMemory()), Told(in_redis)
    for step in [("open", 0), ("open", 1), ("open", 3), ("expire",), *taken]:
        returned = [told.take(step) for told in both]
        assert returned[0] == returned[1], step
        shown = [told.shown() for told in both]
        assert shown[0] == shown[1], step
