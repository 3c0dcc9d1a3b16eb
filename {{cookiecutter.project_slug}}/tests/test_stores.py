"""Both stores take the same steps: the same tests against each."""

import itertools

import pytest
import redis
from redis.crc import key_slot

from caching.changes import MAX_RECENT, Change, recent_key
from caching.entries import Entry
from caching.reads import Plan
from caching.stamps import Row, Selection, Table
from tests.stores import InMemory, InRedis, announced, look, see, until

pytestmark = pytest.mark.once

LIST = Plan("books:list:0", (Table("books"),))
PAGE = Plan("books:detail:7", (Row("books", "7"),))
OTHER_PAGE = Plan("books:detail:8", (Row("books", "8"),))
TAGS = Plan("tags:list:0", (Table("tags"),))
TITLED = frozenset(["title"])
FOUND = Plan("books:list:1", (Selection("books", "book_id", TITLED), Table("tags")))
PLANS = (LIST, PAGE, OTHER_PAGE, TAGS)
THIS_ROW, ANY_ROW, NEW_ROW = Change.of(["7"]), Change.of(None), Change.of(())
KINDS = ["memory", "redis", "redis with a hash tag"]


@pytest.fixture(params=KINDS)
def make(request):
    """Return a function that makes a hand in an empty store."""
    if request.param == "memory":
        return InMemory
    url = request.getfixturevalue("redis_url")
    prefix = "{library}" if "hash" in request.param else "library"

    def in_redis(**options):
        hand = InRedis(url, prefix=prefix, **options)
        hand.client.flushdb()
        return hand

    return in_redis


@pytest.fixture
def hand(make):
    """Return a hand in a store whose stamps have been opened, all long ago."""
    hand = make()
    for plan in PLANS:
        see(hand.store, plan)
    hand.expire()
    return hand


@pytest.fixture
def store(hand):
    """Return that store."""
    return hand.store


def identities(store, *plans):
    return [see(store, plan).identity for plan in plans]


def keep(store, plan, body=b"[]", ttl=60):
    entry = Entry.of(body, compress_from=1024)
    store.keep(plan.key, entry.dump(see(store, plan).identity), ttl)
    return entry


class TestOpening:
    def test_a_stamp_nobody_made_is_missing(self, make):
        seen = look(make().store, LIST)
        assert (seen.identity, seen.reason, seen.unopened) == (None, "unopened", True)

    def test_a_stamp_just_made_is_in_quarantine(self, make):
        store = make().store
        for plan in PLANS:
            assert see(store, plan).reason == "quarantine"
        assert identities(store, *PLANS) == [None] * 4

    def test_the_quarantine_ends(self, make):
        store = make(lease=0.1).store
        until(lambda: all(identities(store, *PLANS)))

    def test_opening_again_changes_nothing(self, store):
        before = identities(store, *PLANS)
        store.open(["books", "books:7", "books:8", "tags"])
        assert identities(store, *PLANS) == before
        assert all(before)

    def test_no_two_stamps_share_a_token_that_must_differ(self, store):
        assert len(set(identities(store, LIST, PAGE, OTHER_PAGE, TAGS))) == 4


class TestAnnouncing:
    def test_nothing_that_it_may_change_is_served_or_kept(self, store):
        store.announce("w", {"books": THIS_ROW})
        assert identities(store, LIST, PAGE) == [None, None]
        assert see(store, LIST).reason == see(store, PAGE).reason == "write"

    def test_nothing_else_is_disturbed(self, store):
        before = identities(store, OTHER_PAGE, TAGS)
        entry = keep(store, OTHER_PAGE)
        store.announce("w", {"books": THIS_ROW})
        assert look(store, OTHER_PAGE).entry == entry
        store.finish("w", {"books": THIS_ROW})
        assert look(store, OTHER_PAGE).entry == entry
        assert identities(store, OTHER_PAGE, TAGS) == before

    def test_it_renews_at_once(self, hand, store):
        before = identities(store, LIST, PAGE)
        store.announce("w", {"books": THIS_ROW})
        hand.expire()
        after = identities(store, LIST, PAGE)
        assert all(after)
        assert not set(after) & set(before)

    def test_unknown_rows_are_every_row(self, hand, store):
        before = identities(store, LIST, PAGE, OTHER_PAGE)
        store.announce("w", {"books": ANY_ROW})
        assert identities(store, LIST, PAGE, OTHER_PAGE) == [None] * 3
        hand.expire()
        after = identities(store, LIST, PAGE, OTHER_PAGE)
        assert all(after)
        assert not set(after) & set(before)

    def test_a_new_row_is_on_no_page(self, store):
        before = identities(store, PAGE, OTHER_PAGE)
        store.announce("w", {"books": NEW_ROW})
        assert see(store, LIST).reason == "write"
        assert identities(store, PAGE, OTHER_PAGE) == before

    def test_several_tables_at_once(self, store):
        changes = {"books": Change.of(["7", "9"]), "tags": ANY_ROW}
        store.announce("w", changes)
        assert identities(store, LIST, PAGE, TAGS) == [None] * 3
        assert see(store, OTHER_PAGE).identity
        store.finish("w", changes)
        assert all(identities(store, *PLANS))


class TestFinishing:
    def test_it_renews_again(self, hand, store):
        store.announce("w", {"books": THIS_ROW})
        announced_on = store.read([], ["books", "books:7"])[1]
        store.finish("w", {"books": THIS_ROW})
        finished_on = store.read([], ["books", "books:7"])[1]
        assert announced_on["books"].split()[1] != finished_on["books"].split()[1]
        assert announced_on["books:7"] != finished_on["books:7"]

    @pytest.mark.parametrize("order", [*itertools.permutations("abc")], ids="".join)
    def test_each_takes_away_only_its_own(self, store, order):
        for writer in "abc":
            store.announce(writer, {"books": THIS_ROW})
        for done, writer in enumerate(order, 1):
            assert see(store, PAGE).reason == see(store, LIST).reason == "write"
            store.finish(writer, {"books": THIS_ROW})
            assert sorted(announced(store, "books")) == sorted(order[done:])
        assert all(identities(store, LIST, PAGE))

    def test_a_name_that_begins_alike_is_another(self, store):
        store.announce("writer-1", {"books": THIS_ROW})
        store.finish("writer", {"books": THIS_ROW})
        store.finish("writer-", {"books": THIS_ROW})
        assert announced(store, "books") == ["writer-1"]

    def test_who_never_announced_renews_all_the_same(self, store):
        before = identities(store, LIST, PAGE)
        store.announce("another", {"books": Change.of(["8"])})
        store.finish("w", {"books": THIS_ROW})
        assert announced(store, "books") == ["another"]
        assert see(store, PAGE).identity not in (None, *before)

    def test_twice_is_not_once_too_often(self, store):
        store.announce("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        assert all(identities(store, LIST, PAGE))


class TestExpiry:
    def test_the_announcement_of_a_writer_that_died_ends(self, make):
        store = make(lease=0.5).store
        until(lambda: see(store, LIST).identity)
        before = identities(store, LIST)
        store.announce("w", {"books": THIS_ROW})
        # Not to be seen in a look: whoever finds it asks the store to end it.
        assert look(store, LIST).unopened
        until(lambda: see(store, LIST).identity)
        assert see(store, LIST).identity not in before

    def test_the_others_stay(self, hand, store):
        store.announce("dead", {"books": THIS_ROW})
        hand.expire()
        store.announce("alive", {"books": THIS_ROW})
        assert announced(store, "books") == ["alive"]


class TestLosing:
    def test_announcements_may_be_lost_with_a_stamp(self, hand, store):
        store.announce("w", {"books": THIS_ROW})
        hand.lose("books")
        assert see(store, LIST).reason == see(store, PAGE).reason == "quarantine"

    def test_a_writer_that_finishes_knows_of_no_other(self, hand, store):
        store.announce("w", {"books": THIS_ROW})
        hand.lose("books")
        store.finish("w", {"books": THIS_ROW})
        assert see(store, LIST).reason == see(store, PAGE).reason == "quarantine"

    def test_a_writer_that_announces_knows_of_no_other(self, hand, store):
        hand.lose("books")
        store.announce("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        assert see(store, OTHER_PAGE).reason == "quarantine"

    def test_nothing_from_before_is_ever_served_again(self, hand, store):
        before = identities(store, LIST, PAGE, OTHER_PAGE)
        for plan in (LIST, PAGE, OTHER_PAGE):
            keep(store, plan)
        hand.lose("books")
        identities(store, LIST, PAGE, OTHER_PAGE)
        hand.expire()
        after = identities(store, LIST, PAGE, OTHER_PAGE)
        assert all(after)
        assert not set(after) & set(before)
        assert not any(look(store, p).entry for p in (LIST, PAGE, OTHER_PAGE))

    def test_a_row_is_made_anew_without_quarantine(self, hand, store):
        before = identities(store, LIST, PAGE, OTHER_PAGE)
        hand.lose("books:7")
        assert look(store, PAGE).unopened
        after = identities(store, LIST, PAGE, OTHER_PAGE)
        assert (after[0], after[2]) == (before[0], before[2])
        assert after[1] not in (None, before[1])

    def test_what_is_announced_on_a_lost_row_stands_in_its_table(self, hand, store):
        store.announce("w", {"books": THIS_ROW})
        hand.lose("books:7")
        assert see(store, PAGE).reason == "write"
        store.finish("w", {"books": THIS_ROW})
        assert see(store, PAGE).identity


class TestEntries:
    def test_what_is_kept_is_found(self, store):
        small = keep(store, LIST)
        large = keep(store, PAGE, b"x" * 5000)
        assert look(store, LIST).entry == small
        assert look(store, PAGE).entry == large
        assert look(store, PAGE).entry.body == b"x" * 5000

    def test_it_is_kept_for_so_long(self, store):
        keep(store, LIST, ttl=0.1)
        until(lambda: store.read([LIST.key], [])[0] == [None])
        assert look(store, LIST).identity

    def test_a_slow_reader_keeps_in_vain(self, store):
        before = see(store, LIST).identity
        store.announce("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        store.keep(LIST.key, Entry.of(b"old", compress_from=9).dump(before), 60)
        assert look(store, LIST).entry is None

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda value: b"",
            lambda value: b"\x80\x04\x95\x00pickled",
            lambda value: value[:-1],
            lambda value: value + b"]",
            lambda value: value.split(b" ")[0],
            lambda value: value.split(b" ")[0] + b" ",
            lambda value: value.replace(b" identity ", b" brotli "),
            lambda value: value.replace(b"[", b"("),
            lambda value: value.partition(b"\n")[0],
            lambda value: value.replace(b" ", b" \xff", 1),
        ],
    )
    def test_what_is_no_entry_of_ours_is_a_miss(self, hand, store, spoil):
        keep(store, LIST)
        [value], _ = store.read([LIST.key], [])
        assert spoil(value) != value
        hand.leave(LIST.key, spoil(value))
        assert look(store, LIST).entry is None
        assert look(store, LIST).identity
        entry = keep(store, LIST)
        assert look(store, LIST).entry == entry


class TestSelections:
    """A list of book 7, found by its title."""

    @pytest.fixture
    def entry(self, store):
        entry = Entry.of(b"[7]", compress_from=1024, rows=[7])
        store.keep(FOUND.key, entry.dump(see(store, FOUND).identity), 60)
        return entry

    @staticmethod
    def write(store, *changes):
        for change in changes:
            store.announce("w", {"books": change})
            store.finish("w", {"books": change})

    LEAVE = [Change.of("8", ["stock"]), Change.of("9", ["author", "stock"])]
    MEET = [Change.of("7", ["stock"]), Change.of("8", ["title"]), Change.of("8")]
    MEET += [Change.of(()), Change.of(None, ["stock"]), Change.of("78", ["stock"])]

    def test_what_meets_neither_rows_nor_fields_leaves_it(self, store, entry):
        self.write(store, *self.LEAVE)
        assert look(store, FOUND).entry == entry

    @pytest.mark.parametrize("change", MEET, ids=str)
    def test_what_meets_one_of_them_makes_it_old(self, store, entry, change):
        self.write(store, self.LEAVE[0], change, self.LEAVE[1])
        assert look(store, FOUND).entry is None

    def test_it_is_served_while_another_row_is_written(self, store, entry):
        store.announce("w", {"books": self.LEAVE[0]})
        seen = look(store, FOUND)
        assert (seen.entry, seen.touched) == (entry, {"8"})

    def test_the_announcement_of_a_writer_that_died_ends(self, hand, store):
        store.announce("w", {"books": self.MEET[0]})
        assert see(store, FOUND).touched == {"7"}
        hand.expire()
        # Not to be seen in a look: whoever finds it asks the store to end it.
        assert look(store, FOUND).unopened
        assert see(store, FOUND).touched == frozenset()
        assert not look(store, FOUND).unopened

    def test_nothing_is_served_while_its_row_is_written(self, store, entry):
        store.announce("w", {"books": self.MEET[0]})
        seen = look(store, FOUND)
        assert (seen.entry, seen.touched) == (None, {"7"})

    @pytest.mark.parametrize("change", MEET[1:5], ids=str)
    def test_nothing_is_kept_while_a_field_is_written(self, store, entry, change):
        store.announce("w", {"books": change})
        assert (see(store, FOUND).identity, see(store, FOUND).reason) == (None, "write")

    def test_another_table_makes_it_old(self, store, entry):
        self.write(store, self.LEAVE[0])
        store.finish("w", {"tags": THIS_ROW})
        assert look(store, FOUND).entry is None

    def test_a_slow_reader_keeps_in_vain(self, store):
        before = see(store, FOUND).identity
        self.write(store, self.MEET[0])
        entry = Entry.of(b"old", compress_from=1024, rows=[7])
        store.keep(FOUND.key, entry.dump(before), 60)
        assert look(store, FOUND).entry is None

    def test_what_is_too_long_ago_is_not_remembered(self, store, entry):
        many = [Change.of(range(100, 200), ["stock"])] * (MAX_RECENT // 1000)
        self.write(store, *many)
        assert look(store, FOUND).entry == entry
        self.write(store, *many, *many)
        assert look(store, FOUND).entry is None
        [recent], _ = store.read([recent_key("books")], [])
        assert len(recent) <= MAX_RECENT

    def test_a_change_too_long_to_be_remembered_is_a_gap(self, store, entry):
        self.write(store, Change.of(range(10**9, 10**9 + 499), ["stock"]))
        assert look(store, FOUND).entry is None
        [recent], _ = store.read([recent_key("books")], [])
        assert len(recent) < 20

    @pytest.mark.parametrize(
        "left", [None, b"", b"\xff\xfe", b"a:b:c d", b"t e 7:stock"]
    )
    def test_without_recent_changes_it_is_old(self, hand, store, entry, left):
        self.write(store, self.LEAVE[0])
        if left is None:
            hand.forget(recent_key("books"))
        else:
            hand.leave(recent_key("books"), left)
        assert look(store, FOUND).entry is None
        self.write(store, self.LEAVE[0])
        assert look(store, FOUND).entry is None
        entry = keep(store, FOUND)
        self.write(store, self.LEAVE[0])
        assert look(store, FOUND).entry == entry

    def test_a_lost_stamp_makes_it_old(self, hand, store, entry):
        self.write(store, self.LEAVE[0])
        hand.lose("books")
        see(store, FOUND)
        hand.expire()
        self.write(store, self.LEAVE[0])
        assert see(store, FOUND).identity
        assert look(store, FOUND).entry is None


class TestLeading:
    def test_one_leads(self, store):
        assert store.lead(LIST.key, "identity", "first", 60)
        assert not store.lead(LIST.key, "identity", "second", 60)
        assert store.lead(PAGE.key, "identity", "second", 60)

    def test_who_computes_from_before_a_write_is_no_leader_after_it(self, store):
        assert store.lead(LIST.key, "before", "first", 60)
        assert store.lead(LIST.key, "after", "second", 60)

    def test_only_the_leader_lets_the_next_one_lead(self, store):
        assert store.lead(LIST.key, "identity", "first", 60)
        store.release(LIST.key, "identity", "second")
        assert not store.lead(LIST.key, "identity", "second", 60)
        store.release(LIST.key, "identity", "first")
        assert store.lead(LIST.key, "identity", "second", 60)

    def test_a_leader_that_died_is_replaced(self, store):
        assert store.lead(LIST.key, "identity", "first", 0.1)
        until(lambda: store.lead(LIST.key, "identity", "second", 60))


def test_a_step_that_is_repeated_has_a_token_of_its_own(redis_url, monkeypatch):
    """One that comes twice would make an answer from in between valid again."""
    hand = InRedis(redis_url)
    hand.client.flushdb()
    hand.store.open(["books"])
    send, lost = redis.connection.AbstractConnection.send_packed_command, []

    def lose_the_reply(connection, command, *arguments, **options):
        send(connection, command, *arguments, **options)
        if not lost:
            lost.append(command)
            connection._sock.close()

    with monkeypatch.context() as patch:
        patch.setattr(
            redis.connection.AbstractConnection, "send_packed_command", lose_the_reply
        )
        hand.store.finish("w", {"books": THIS_ROW})
    [recent], _ = hand.store.read([recent_key("books")], [])
    tokens = [change.split(b":")[0] for change in recent.split(b" ")]
    # What it began with, and one step, taken twice.
    assert len(tokens) == len(set(tokens)) == 3


class TestStrangers:
    """What somebody else left under our keys is as good as nothing."""

    GARBAGE = [b"", b"stamp", b"stamp ", b"stamp x", b"stamp  x y", b"stamp x y\n"]
    GARBAGE += [b"\xff\xfe\x00", b"stamp \xff \xfe", b"\x80\x04\x95pickled", b"7"]
    GARBAGE += [b"stamp x y who:soon:7:*", b"stamp x y who", b"stamp x y :1:*:*"]
    GARBAGE += [b"stamp x y who:1:7", b"stamp x y who:1:7:a:b"]

    @pytest.fixture
    def hand(self, redis_url):
        """In Redis, where others can leave something."""
        hand = InRedis(redis_url)
        hand.client.flushdb()
        return hand

    @pytest.fixture(params=GARBAGE, ids=repr)
    def garbage(self, request):
        return request.param

    @pytest.mark.parametrize("name", ["books", "books:7"])
    def test_garbage_as_a_stamp_is_got_over(self, hand, store, name, garbage):
        for plan in (LIST, PAGE):
            see(store, plan)
        hand.leave_stamp(name, garbage)
        self.is_got_over(hand, store)

    @pytest.mark.parametrize("name", ["books", "books:7"])
    def test_a_write_gets_over_it_too(self, hand, store, name, garbage):
        hand.leave_stamp(name, garbage)
        store.announce("w", {"books": THIS_ROW})
        assert identities(store, LIST, PAGE) == [None, None]
        store.finish("w", {"books": THIS_ROW})
        self.is_got_over(hand, store)

    @pytest.mark.parametrize("name", ["stamp:books", "stamp:books:7", LIST.key])
    @pytest.mark.parametrize(
        "command",
        [
            ("LPUSH", "x"),
            ("SADD", "x"),
            ("HSET", "x", "y"),
            ("ZADD", "1", "x"),
            ("XADD", "*", "x", "y"),
        ],
        ids=lambda command: command[0],
    )
    def test_another_type_is_got_over(self, hand, store, name, command):
        hand.client.execute_command(command[0], f"library:{name}", *command[1:])
        self.is_got_over(hand, store)

    @pytest.mark.parametrize("name", ["stamp:books", "stamp:books:7"])
    def test_a_write_gets_over_another_type_too(self, hand, store, name):
        hand.client.lpush(f"library:{name}", "x")
        store.announce("w", {"books": THIS_ROW})
        assert identities(store, LIST, PAGE) == [None, None]
        store.finish("w", {"books": THIS_ROW})
        self.is_got_over(hand, store)

    @staticmethod
    def is_got_over(hand, store):
        identities(store, LIST, PAGE)
        hand.expire()
        entries = [keep(store, plan) for plan in (LIST, PAGE)]
        assert [look(store, plan).entry for plan in (LIST, PAGE)] == entries


class TestKeys:
    def test_a_hash_tag_keeps_all_keys_in_one_slot(self, redis_url):
        client = self.used(redis_url, "{library}").client
        slots = {key_slot(key) for key in client.scan_iter("*")}
        assert len(slots) == 1
        assert client.dbsize() > 4

    def test_a_cluster_takes_every_step(self, own_redis):
        """It refuses a command whose keys are not all in one slot."""
        url = own_redis("--cluster-enabled", "yes").url
        client = redis.Redis.from_url(url)
        client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        until(lambda: client.cluster("INFO")["cluster_state"] == "ok")
        hand = self.used(url, "{library}")
        hand.store.finish("w", {"books": Change.of("78"), "tags": ANY_ROW})
        hand.store.release(LIST.key, "identity", "leader")
        assert all(identities(hand.store, *PLANS))
        with pytest.raises(redis.ResponseError, match="same slot"):
            client.mget("library:stamp:books", "library:stamp:tags")

    @pytest.mark.parametrize("prefix", ["library", "{library}", "l[i]brary", "*"])
    def test_clearing_takes_away_ours_only(self, redis_url, prefix):
        hand = self.used(redis_url, prefix)
        hand.client.set("libraries:books:list:0", "another's")
        hand.store.clear()
        assert hand.client.keys() == [b"libraries:books:list:0"]

    def test_a_cleared_store_is_a_new_one(self, hand, store):
        keep(store, LIST)
        store.clear()
        assert store.read([LIST.key], ["books", "books:7"]) == (
            [None],
            {"books": None, "books:7": None},
        )
        assert see(store, LIST).reason == "quarantine"

    def test_both_answer(self, store):
        assert store.ping()

    @staticmethod
    def used(redis_url, prefix):
        hand = InRedis(redis_url, prefix=prefix)
        hand.client.flushdb()
        identities(hand.store, *PLANS)
        hand.expire()
        for plan in PLANS:
            keep(hand.store, plan)
            hand.store.lead(plan.key, "identity", "leader", 60)
        return hand
