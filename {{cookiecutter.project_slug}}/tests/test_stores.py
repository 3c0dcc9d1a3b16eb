"""The same tests for both stores."""

import itertools
import os

import pytest
import redis
from redis.crc import key_slot

from caching import writes
from caching.dependencies import BoundRow, BoundSelection, Table
from caching.entries import Entry
from caching.reads import Blocked, CacheSpec, Hit
from caching.stamps import MAX_RECENT, Change, recent_key
from tests.stores import (
    InMemory,
    InRedis,
    changing_in,
    entry_in,
    look_at_stamps,
    look_up,
    must_reopen,
    reason_in,
    see,
    version_in,
    writers_under_way,
)
from tools.polling import wait_until

pytestmark = pytest.mark.once

LIST = CacheSpec("books:list:0", (Table("books"),))
PAGE = CacheSpec("books:detail:7", (BoundRow("books", "7"),))
OTHER_PAGE = CacheSpec("books:detail:8", (BoundRow("books", "8"),))
TAGS = CacheSpec("tags:list:0", (Table("tags"),))
TITLED = frozenset(["title"])
FOUND = CacheSpec("books:list:1", (BoundSelection("books", TITLED), Table("tags")))
SPECS = (LIST, PAGE, OTHER_PAGE, TAGS)
THIS_ROW, ANY_ROW, NEW_ROW = Change.build(["7"]), Change.build(None), Change.build(())
KINDS = ["memory", "redis", "redis with a hash tag"]


@pytest.fixture(params=KINDS)
def make(request):
    """Return a function that makes an empty store with access from outside."""
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
    """Return access to a store whose stamps were opened long ago."""
    hand = make()
    for spec in SPECS:
        see(hand.store, spec)
    hand.expire()
    return hand


@pytest.fixture
def store(hand):
    """Return that store."""
    return hand.store


def versions(store, *specs):
    for spec in specs:
        see(store, spec)
    return [version_in(look_at_stamps(store, spec)) for spec in specs]


def keep(store, spec, body=b"[]", ttl=60):
    entry = Entry.build(body, compress_from=1024)
    store.keep(spec.key, entry.dump(version_in(see(store, spec))), ttl)
    return entry


class TestOpening:
    def test_a_stamp_nobody_made_is_missing(self, make):
        assert look_up(make().store, LIST) == Blocked("unopened")

    def test_a_stamp_just_made_is_in_quarantine(self, make):
        store = make().store
        for spec in SPECS:
            assert reason_in(see(store, spec)) == "quarantine"
        assert versions(store, *SPECS) == [None] * 4

    def test_the_quarantine_ends(self, make):
        store = make(lease=0.1).store
        wait_until(lambda: all(versions(store, *SPECS)))

    def test_opening_again_changes_nothing(self, store):
        before = versions(store, *SPECS)
        store.open(["books", "books:7", "books:8", "tags"])
        assert versions(store, *SPECS) == before
        assert all(before)

    def test_no_two_stamps_share_a_token_that_must_differ(self, store):
        assert len(set(versions(store, LIST, PAGE, OTHER_PAGE, TAGS))) == 4


class TestIntents:
    def test_nothing_that_it_may_change_is_served_or_kept(self, store):
        store.add_intent("w", {"books": THIS_ROW})
        assert versions(store, LIST, PAGE) == [None, None]
        assert reason_in(see(store, LIST)) == reason_in(see(store, PAGE)) == "write"

    def test_nothing_else_is_disturbed(self, store):
        before = versions(store, OTHER_PAGE, TAGS)
        entry = keep(store, OTHER_PAGE)
        store.add_intent("w", {"books": THIS_ROW})
        assert entry_in(look_up(store, OTHER_PAGE)) == entry
        store.finish("w", {"books": THIS_ROW})
        assert entry_in(look_up(store, OTHER_PAGE)) == entry
        assert versions(store, OTHER_PAGE, TAGS) == before

    def test_it_renews_at_once(self, hand, store):
        before = versions(store, LIST, PAGE)
        store.add_intent("w", {"books": THIS_ROW})
        hand.expire()
        after = versions(store, LIST, PAGE)
        assert all(after)
        assert not set(after) & set(before)

    def test_unknown_rows_are_every_row(self, hand, store):
        before = versions(store, LIST, PAGE, OTHER_PAGE)
        store.add_intent("w", {"books": ANY_ROW})
        assert versions(store, LIST, PAGE, OTHER_PAGE) == [None] * 3
        hand.expire()
        after = versions(store, LIST, PAGE, OTHER_PAGE)
        assert all(after)
        assert not set(after) & set(before)

    def test_a_new_row_is_on_no_page(self, store):
        before = versions(store, PAGE, OTHER_PAGE)
        store.add_intent("w", {"books": NEW_ROW})
        assert reason_in(see(store, LIST)) == "write"
        assert versions(store, PAGE, OTHER_PAGE) == before

    def test_several_tables_at_once(self, store):
        changes = {"books": Change.build(["7", "9"]), "tags": ANY_ROW}
        store.add_intent("w", changes)
        assert versions(store, LIST, PAGE, TAGS) == [None] * 3
        assert version_in(see(store, OTHER_PAGE))
        store.finish("w", changes)
        assert all(versions(store, *SPECS))


class TestFinishing:
    def test_it_renews_again(self, hand, store):
        store.add_intent("w", {"books": THIS_ROW})
        intended_on = store.read([], ["books", "books:7"])[1]
        store.finish("w", {"books": THIS_ROW})
        finished_on = store.read([], ["books", "books:7"])[1]
        assert intended_on["books"].split()[1] != finished_on["books"].split()[1]
        assert intended_on["books:7"] != finished_on["books:7"]

    @pytest.mark.parametrize("order", [*itertools.permutations("abc")], ids="".join)
    def test_each_takes_away_only_its_own(self, store, order):
        for writer in "abc":
            store.add_intent(writer, {"books": THIS_ROW})
        for done, writer in enumerate(order, 1):
            assert reason_in(see(store, PAGE)) == reason_in(see(store, LIST)) == "write"
            store.finish(writer, {"books": THIS_ROW})
            assert sorted(writers_under_way(store, "books")) == sorted(order[done:])
        assert all(versions(store, LIST, PAGE))

    def test_a_name_that_begins_alike_is_another(self, store):
        store.add_intent("writer-1", {"books": THIS_ROW})
        store.finish("writer", {"books": THIS_ROW})
        store.finish("writer-", {"books": THIS_ROW})
        assert writers_under_way(store, "books") == ["writer-1"]

    def test_who_left_no_intent_renews_all_the_same(self, store):
        before = versions(store, LIST, PAGE)
        store.add_intent("another", {"books": Change.build(["8"])})
        store.finish("w", {"books": THIS_ROW})
        assert writers_under_way(store, "books") == ["another"]
        assert version_in(see(store, PAGE)) not in (None, *before)

    def test_twice_is_not_once_too_often(self, store):
        store.add_intent("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        assert all(versions(store, LIST, PAGE))


class TestExpiry:
    def test_the_intent_of_a_writer_that_died_ends(self, make):
        store = make(lease=0.5).store
        wait_until(lambda: version_in(see(store, LIST)))
        before = versions(store, LIST)
        store.add_intent("w", {"books": THIS_ROW})
        # A lookup can't tell; a reader who finds it asks the store to end it.
        assert must_reopen(look_up(store, LIST))
        wait_until(lambda: version_in(see(store, LIST)))
        assert version_in(see(store, LIST)) not in before

    def test_the_others_stay(self, hand, store):
        store.add_intent("dead", {"books": THIS_ROW})
        hand.expire()
        store.add_intent("alive", {"books": THIS_ROW})
        assert writers_under_way(store, "books") == ["alive"]


class TestLosing:
    def test_intents_may_be_lost_with_a_stamp(self, hand, store):
        store.add_intent("w", {"books": THIS_ROW})
        hand.lose("books")
        assert (
            reason_in(see(store, LIST)) == reason_in(see(store, PAGE)) == "quarantine"
        )

    def test_a_writer_that_finishes_knows_of_no_other(self, hand, store):
        store.add_intent("w", {"books": THIS_ROW})
        hand.lose("books")
        store.finish("w", {"books": THIS_ROW})
        assert (
            reason_in(see(store, LIST)) == reason_in(see(store, PAGE)) == "quarantine"
        )

    def test_a_writer_that_begins_knows_of_no_other(self, hand, store):
        hand.lose("books")
        store.add_intent("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        assert reason_in(see(store, OTHER_PAGE)) == "quarantine"

    def test_nothing_from_before_is_ever_served_again(self, hand, store):
        before = versions(store, LIST, PAGE, OTHER_PAGE)
        for spec in (LIST, PAGE, OTHER_PAGE):
            keep(store, spec)
        hand.lose("books")
        versions(store, LIST, PAGE, OTHER_PAGE)
        hand.expire()
        after = versions(store, LIST, PAGE, OTHER_PAGE)
        assert all(after)
        assert not set(after) & set(before)
        assert not any(entry_in(look_up(store, p)) for p in (LIST, PAGE, OTHER_PAGE))

    def test_a_row_is_made_anew_without_quarantine(self, hand, store):
        before = versions(store, LIST, PAGE, OTHER_PAGE)
        hand.lose("books:7")
        assert must_reopen(look_up(store, PAGE))
        after = versions(store, LIST, PAGE, OTHER_PAGE)
        assert (after[0], after[2]) == (before[0], before[2])
        assert after[1] not in (None, before[1])

    def test_the_intents_on_a_lost_row_stand_in_its_table(self, hand, store):
        store.add_intent("w", {"books": THIS_ROW})
        hand.lose("books:7")
        assert reason_in(see(store, PAGE)) == "write"
        store.finish("w", {"books": THIS_ROW})
        assert version_in(see(store, PAGE))


class TestEntries:
    def test_what_is_kept_is_found(self, store):
        small = keep(store, LIST)
        large = keep(store, PAGE, b"x" * 5000)
        assert entry_in(look_up(store, LIST)) == small
        assert entry_in(look_up(store, PAGE)) == large
        assert entry_in(look_up(store, PAGE)).body == b"x" * 5000

    def test_it_is_kept_for_so_long(self, store):
        keep(store, LIST, ttl=0.1)
        wait_until(lambda: store.read([LIST.key], [])[0] == [None])
        assert version_in(look_up(store, LIST))

    def test_a_slow_reader_keeps_in_vain(self, store):
        before = version_in(see(store, LIST))
        store.add_intent("w", {"books": THIS_ROW})
        store.finish("w", {"books": THIS_ROW})
        store.keep(LIST.key, Entry.build(b"old", compress_from=9).dump(before), 60)
        assert entry_in(look_up(store, LIST)) is None

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
        assert entry_in(look_up(store, LIST)) is None
        assert version_in(look_up(store, LIST))
        entry = keep(store, LIST)
        assert entry_in(look_up(store, LIST)) == entry


class TestSelections:
    """A list of book 7, found by its title."""

    @pytest.fixture
    def entry(self, store):
        entry = Entry.build(b"[7]", compress_from=1024, rows=[7])
        store.keep(FOUND.key, entry.dump(version_in(see(store, FOUND))), 60)
        return entry

    @staticmethod
    def write(store, *changes):
        for change in changes:
            store.add_intent("w", {"books": change})
            store.finish("w", {"books": change})

    LEAVE = [Change.build("8", ["stock"]), Change.build("9", ["author", "stock"])]
    MEET = [
        Change.build("7", ["stock"]),
        Change.build("8", ["title"]),
        Change.build("8"),
    ]
    MEET += [
        Change.build(()),
        Change.build(None, ["stock"]),
        Change.build("78", ["stock"]),
    ]

    def test_what_meets_neither_rows_nor_fields_leaves_it(self, store, entry):
        self.write(store, *self.LEAVE)
        assert entry_in(look_up(store, FOUND)) == entry

    @pytest.mark.parametrize("change", MEET, ids=str)
    def test_what_meets_one_of_them_makes_it_old(self, store, entry, change):
        self.write(store, self.LEAVE[0], change, self.LEAVE[1])
        assert entry_in(look_up(store, FOUND)) is None

    def test_it_is_served_while_another_row_is_written(self, store, entry):
        store.add_intent("w", {"books": self.LEAVE[0]})
        assert look_up(store, FOUND) == Hit(entry)
        assert changing_in(look_at_stamps(store, FOUND)) == {"8"}

    def test_the_intent_of_a_writer_that_died_ends(self, hand, store):
        store.add_intent("w", {"books": self.MEET[0]})
        assert changing_in(see(store, FOUND)) == {"7"}
        hand.expire()
        # A lookup can't tell; a reader who finds it asks the store to end it.
        assert must_reopen(look_up(store, FOUND))
        assert changing_in(see(store, FOUND)) == frozenset()
        assert not must_reopen(look_up(store, FOUND))

    def test_nothing_is_served_while_its_row_is_written(self, store, entry):
        store.add_intent("w", {"books": self.MEET[0]})
        found = look_up(store, FOUND)
        assert (entry_in(found), changing_in(found)) == (None, {"7"})

    @pytest.mark.parametrize("change", MEET[1:5], ids=str)
    def test_nothing_is_kept_while_a_field_is_written(self, store, entry, change):
        store.add_intent("w", {"books": change})
        assert see(store, FOUND) == Blocked("write")

    def test_another_table_makes_it_old(self, store, entry):
        self.write(store, self.LEAVE[0])
        store.finish("w", {"tags": THIS_ROW})
        assert entry_in(look_up(store, FOUND)) is None

    def test_a_slow_reader_keeps_in_vain(self, store):
        before = version_in(see(store, FOUND))
        self.write(store, self.MEET[0])
        entry = Entry.build(b"old", compress_from=1024, rows=[7])
        store.keep(FOUND.key, entry.dump(before), 60)
        assert entry_in(look_up(store, FOUND)) is None

    def test_what_is_too_long_ago_is_not_remembered(self, store, entry):
        many = [Change.build(range(100, 200), ["stock"])] * (MAX_RECENT // 1000)
        self.write(store, *many)
        assert entry_in(look_up(store, FOUND)) == entry
        self.write(store, *many, *many)
        assert entry_in(look_up(store, FOUND)) is None
        [recent], _ = store.read([recent_key("books")], [])
        assert len(recent) <= MAX_RECENT

    def test_a_change_too_long_to_be_remembered_is_a_gap(self, store, entry):
        self.write(store, Change.build(range(10**9, 10**9 + 499), ["stock"]))
        assert entry_in(look_up(store, FOUND)) is None
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
        assert entry_in(look_up(store, FOUND)) is None
        self.write(store, self.LEAVE[0])
        assert entry_in(look_up(store, FOUND)) is None
        entry = keep(store, FOUND)
        self.write(store, self.LEAVE[0])
        assert entry_in(look_up(store, FOUND)) == entry

    def test_a_lost_stamp_makes_it_old(self, hand, store, entry):
        self.write(store, self.LEAVE[0])
        hand.lose("books")
        see(store, FOUND)
        hand.expire()
        self.write(store, self.LEAVE[0])
        assert version_in(see(store, FOUND))
        assert entry_in(look_up(store, FOUND)) is None


class TestSingleFlightLock:
    def test_one_gets_it(self, store):
        assert store.lock(LIST.key, "version", "first", 60)
        assert not store.lock(LIST.key, "version", "second", 60)
        assert store.lock(PAGE.key, "version", "second", 60)

    def test_who_computes_from_before_a_write_holds_up_nobody_after_it(self, store):
        assert store.lock(LIST.key, "before", "first", 60)
        assert store.lock(LIST.key, "after", "second", 60)

    def test_only_its_holder_ends_it(self, store):
        assert store.lock(LIST.key, "version", "first", 60)
        store.unlock(LIST.key, "version", "second")
        assert not store.lock(LIST.key, "version", "second", 60)
        store.unlock(LIST.key, "version", "first")
        assert store.lock(LIST.key, "version", "second", 60)

    def test_that_of_a_holder_that_died_ends(self, store):
        assert store.lock(LIST.key, "version", "first", 0.1)
        wait_until(lambda: store.lock(LIST.key, "version", "second", 60))


def test_a_step_that_is_repeated_has_a_token_of_its_own(redis_url, monkeypatch):
    """If a token came twice, an answer from in between would be valid again."""
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
    # The tokens at the beginning, and those of one step, taken twice.
    assert len(tokens) == len(set(tokens)) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_shares_neither_connections_nor_writer_with_its_parent(redis_url):
    store = InRedis(redis_url).store

    def mine():
        # The number that Redis gave to the connection.
        [number] = store.connections.ask(["CLIENT", "ID"])
        return f"{number} {writes._write.writer}".split()

    before, (reading, writing) = mine(), os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, " ".join(mine()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        forked = answer.read().split()
    assert len(forked) == 2 and not set(before) & set(forked)
    assert mine() == before


class TestStrangers:
    """Foreign values under our keys count as missing."""

    GARBAGE = [b"", b"stamp", b"stamp ", b"stamp x", b"stamp  x y", b"stamp x y\n"]
    GARBAGE += [b"\xff\xfe\x00", b"stamp \xff \xfe", b"\x80\x04\x95pickled", b"7"]
    GARBAGE += [b"stamp x y who:soon:7:*", b"stamp x y who", b"stamp x y :1:*:*"]
    GARBAGE += [b"stamp x y who:1:7", b"stamp x y who:1:7:a:b"]

    @pytest.fixture
    def hand(self, redis_url):
        """In Redis, where other programs can write."""
        hand = InRedis(redis_url)
        hand.client.flushdb()
        return hand

    @pytest.fixture(params=GARBAGE, ids=repr)
    def garbage(self, request):
        return request.param

    @pytest.mark.parametrize("name", ["books", "books:7"])
    def test_garbage_as_a_stamp_is_got_over(self, hand, store, name, garbage):
        for spec in (LIST, PAGE):
            see(store, spec)
        hand.leave_stamp(name, garbage)
        self.is_got_over(hand, store)

    @pytest.mark.parametrize("name", ["books", "books:7"])
    def test_a_write_gets_over_it_too(self, hand, store, name, garbage):
        hand.leave_stamp(name, garbage)
        store.add_intent("w", {"books": THIS_ROW})
        assert versions(store, LIST, PAGE) == [None, None]
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
        store.add_intent("w", {"books": THIS_ROW})
        assert versions(store, LIST, PAGE) == [None, None]
        store.finish("w", {"books": THIS_ROW})
        self.is_got_over(hand, store)

    @staticmethod
    def is_got_over(hand, store):
        versions(store, LIST, PAGE)
        hand.expire()
        entries = [keep(store, spec) for spec in (LIST, PAGE)]
        assert [entry_in(look_up(store, spec)) for spec in (LIST, PAGE)] == entries


class TestKeys:
    def test_a_hash_tag_keeps_all_keys_in_one_slot(self, redis_url):
        client = self.used(redis_url, "{library}").client
        slots = {key_slot(key) for key in client.scan_iter("*")}
        assert len(slots) == 1
        assert client.dbsize() > 4

    def test_a_cluster_takes_every_step(self, own_redis):
        """A cluster refuses a command unless all its keys are in one slot."""
        url = own_redis("--cluster-enabled", "yes").url
        client = redis.Redis.from_url(url)
        client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        wait_until(lambda: client.cluster("INFO")["cluster_state"] == "ok")
        hand = self.used(url, "{library}")
        hand.store.finish("w", {"books": Change.build("78"), "tags": ANY_ROW})
        hand.store.unlock(LIST.key, "version", "holder")
        assert all(versions(hand.store, *SPECS))
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
        assert reason_in(see(store, LIST)) == "quarantine"

    def test_both_answer(self, store):
        assert store.ping()

    @staticmethod
    def used(redis_url, prefix):
        hand = InRedis(redis_url, prefix=prefix)
        hand.client.flushdb()
        versions(hand.store, *SPECS)
        hand.expire()
        for spec in SPECS:
            keep(hand.store, spec)
            hand.store.lock(spec.key, "version", "holder", 60)
        return hand
