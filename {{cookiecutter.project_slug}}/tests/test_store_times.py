"""How long the stores keep what they hold, by the clock that each goes by."""

import pytest

from caching.stamps import Change
from caching.stores.memory import MAX_KEYS, MemoryStore
from tests.caches import recorded_round_trips
from tests.stores import LONG, InRedis

pytestmark = pytest.mark.once

# Milliseconds: Redis may remember a time for so long, and rounds.
ROUNDED = 50
ROW = Change.build(["7"], ["stock"])


def deadline(text):
    """Return when the only intent on a stamp ends, in milliseconds."""
    [intent] = text.split(" ")[3:]
    return int(intent.split(":")[1])


class TestInMemory:
    """The clock is a number here, in seconds."""

    @pytest.fixture(autouse=True)
    def _store(self):
        self.now = 100.0
        self.store = MemoryStore(lease=5, clock=lambda: self.now)

    def kept(self, *keys):
        return self.store.read(keys, [])[0]

    def stamp(self):
        return self.store.open(["books"])["books"]

    def test_an_entry_is_kept_until_its_time_is_over(self):
        self.store.keep("key", b"value", 60)
        self.now = 159.9
        assert self.kept("key") == [b"value"]
        self.now = 160.0
        assert self.kept("key") == [None]

    def test_an_intent_stands_for_one_lease(self):
        self.store.add_intent("writer", {"books": ROW})
        assert deadline(self.stamp()) == 105_000
        self.now = 104.9
        assert deadline(self.stamp()) == 105_000
        self.now = 105.0
        assert len(self.stamp().split(" ")) == 3

    def test_a_quarantine_lasts_for_one_lease(self):
        self.store.quarantines = True
        assert deadline(self.stamp()) == 105_000

    def test_a_lock_ends_in_time(self):
        assert self.store.lock("key", "v", "one", 10)
        self.now = 109.9
        assert not self.store.lock("key", "v", "two", 10)
        self.now = 110.0
        assert self.store.lock("key", "v", "two", 10)

    def test_of_too_many_keys_the_oldest_go(self):
        keys = [str(number) for number in range(MAX_KEYS)]
        for key in [*keys, keys[0], "and one"]:
            self.store.keep(key, b"value", 60)
        there = self.kept(*keys, "and one")
        assert [key for key, value in zip(keys, there) if value is None] == ["1"]


class TestInRedis:
    """Redis's own clock; both times are read there. All in milliseconds."""

    @pytest.fixture(autouse=True)
    def _store(self, redis_url):
        hand = InRedis(redis_url)
        hand.client.flushdb()
        self.store, self.client = hand.store, hand.client
        self.row_key = hand.stamp_key("books:7")

    def now(self):
        seconds, microseconds = self.client.time()
        return 1000 * seconds + microseconds // 1000

    def ends(self, step):
        """Return the least and the most that what a step makes may last until."""
        before = self.now()
        step()
        return before + 1000 * LONG - ROUNDED, self.now() + 1000 * LONG + ROUNDED

    @pytest.mark.parametrize("what", ["intent", "quarantine"])
    def test_an_intent_stands_for_one_lease(self, what):
        names, changes = ["books"], {"books": ROW}
        if what == "intent":
            self.store.open(names)
            self.client.set("library:stamp:books", "stamp t e")
        steps = {
            "intent": lambda: self.store.add_intent("writer", changes),
            "quarantine": lambda: self.store.open(names),
        }
        least, most = self.ends(steps[what])
        assert least <= deadline(self.store.read([], names)[1]["books"]) <= most

    @pytest.mark.parametrize("what", ["entry", "lock", "row"])
    def test_the_rest_is_kept_until_its_time_is_over(self, what):
        steps = {
            "entry": ("library:key", lambda: self.store.keep("key", b"value", LONG)),
            "lock": (
                "library:key:lock:v",
                lambda: self.store.lock("key", "v", "h", LONG),
            ),
            "row": (self.row_key, lambda: self.store.open(["books:7"])),
        }
        key, step = steps[what]
        least, most = self.ends(step)
        earliest, left, latest = self.now(), self.client.pttl(key), self.now()
        assert least <= latest + left and earliest + left <= most

    def test_whether_redis_can_be_written_is_asked_once_in_a_while(self, monkeypatch):
        asked = []
        for self.store.writable_check in (LONG, 0):
            for _ in range(2):
                with recorded_round_trips(monkeypatch) as trips:
                    self.store.read([], ["books"])
                asked.append("EVALSHA" in repr(trips))
        assert asked == [True, False, True, True]
