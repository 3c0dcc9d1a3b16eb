"""Redis is away, full, or has foreign values under our keys: no answer is wrong."""

import contextlib
import logging
import signal
import time
from functools import partial

import pytest
import redis
from django.db import transaction

from books.models import Book
from caching.dependencies import Table
from caching.entries import Entry
from caching.outage import pending
from caching.outage.degraded import CacheRequired
from caching.reads import BYPASS, Blocked, CacheSpec, get_or_compute
from caching.stamps import Change
from caching.stores import get_store
from caching.stores.breaker import Breaker, Unavailable
from tests.caches import caching, empty, reason_of, recorded_round_trips, result_of
from tests.clients import Client, errors_of
from tests.factories import BookFactory, TagFactory, UserFactory
from tools.polling import wait_until

pytestmark = pytest.mark.once

AWAY = "redis://127.0.0.1:1/0"


def test_a_list_is_kept_again_after_a_writer_died(store, reader, settings):
    """Its intent expires; the next reader takes it away."""
    settings.CACHING = settings.CACHING | {"lease": 2}
    store = empty()
    book = BookFactory()
    reader.get("/books")
    store.add_intent("dead", {"books": Change.build([book.pk], ["stock"])})
    assert reader.get("/books").headers["X-Cache"] == "BYPASS; write"
    wait_until(lambda: result_of(reader.get("/books")) == "HIT")


class TestAway:
    @pytest.fixture(autouse=True)
    def away(self, settings, transactional_db):
        settings.CACHING = caching(AWAY)
        yield
        pending.forget()

    def test_reads_and_writes_work(self, librarian):
        tag = TagFactory()
        assert librarian.get("/tags").headers["X-Cache"] == "BYPASS; unavailable"
        assert librarian.put(f"/tags/{tag.pk}", {"name": "New"}).status_code == 200
        assert librarian.get(f"/tags/{tag.pk}").json()["name"] == "New"

    def test_a_store_that_went_away_meanwhile_says_so(self):
        spec, entry = CacheSpec("key", (Table("tags"),)), Entry.build(b"[]")
        fetched = get_or_compute(spec, Blocked("unopened"), lambda: entry)
        assert fetched == (entry, BYPASS, "unavailable")

    def test_health_is_degraded(self, nobody):
        response = nobody.get("/common/health-check")
        assert (response.status_code, response.json()["cache"]) == (200, "unreachable")

    def test_it_is_said_once_in_the_log(self, reader, caplog):
        caplog.set_level(logging.ERROR, logger="caching.stores.breaker")
        for _ in range(5):
            reader.get("/tags")
        assert len(caplog.records) <= 1

    def test_a_lost_reader_is_out_all_the_same(self, reader):
        assert reader.get("/tags").status_code == 200
        reader.user.is_active = False
        reader.user.save()
        assert reader.get("/tags").status_code == 401

    def test_a_write_that_was_refused_is_refused_again(self, settings):
        book = BookFactory()
        settings.CACHING = caching(AWAY, writes_need_cache=True)
        for _ in range(2):
            with pytest.raises(CacheRequired), transaction.atomic():
                book.save()

    def test_writes_wait_for_the_cache_where_that_is_wanted(self, settings):
        client = Client(UserFactory(is_staff=True))
        book = BookFactory()
        settings.CACHING = caching(AWAY, writes_need_cache=True)
        client.raise_request_exception = False
        response = client.patch(f"/books/{book.pk}", {"title": "New"})
        assert response.status_code == 503
        assert errors_of(response) == {None: "cache_unavailable"}
        book.refresh_from_db()
        assert book.title != "New"


@pytest.fixture
def own_store(settings, transactional_db, own_redis):
    """Return a function that moves the cache into a Redis of this test's own."""

    def make(*arguments, **changes):
        server = own_redis(*arguments)
        settings.CACHING = caching(server.url, **{"cooldown": 0.2} | changes)
        empty()
        return server

    return make


@contextlib.contextmanager
def suspended(server):
    """Redis does not answer; it carries out later what was sent to it."""
    server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send(signal.SIGCONT)


def test_only_one_of_many_requests_waits_for_a_redis_that_hangs(own_store, monkeypatch):
    server = own_store(timeout=1, cooldown=600)
    reader = Client(UserFactory())
    reader.get("/tags")
    with suspended(server), recorded_round_trips(monkeypatch) as trips:
        answers = [reader.get("/tags") for _ in range(20)]
    assert len(trips) == 1
    assert {answer.headers["X-Cache"] for answer in answers} == {"BYPASS; unavailable"}


def demote(client):
    """Make a Redis the read-only replica of one that is not there; keep connections."""
    client.replicaof("127.0.0.1", 1)


def fill(client):
    """Leave no memory for another value."""
    client.config_set("maxmemory", 1)


def take_the_right(client):
    """Let the user that all connect as run no script."""
    client.acl_setuser("default", enabled=True, commands=["-evalsha", "-eval"])


REFUSALS = {
    demote: lambda client: client.replicaof("NO", "ONE"),
    fill: lambda client: client.config_set("maxmemory", 0),
    take_the_right: lambda client: client.acl_setuser(
        "default", enabled=True, commands=["+@all"]
    ),
}


class TestReachableAndNotWritable:
    """A Redis that answers and refuses writes is as good as none."""

    @pytest.fixture(params=REFUSALS, ids=lambda way: way.__name__)
    def refusal(self, request, own_store):
        """Return functions that make Redis refuse writes, and that end it."""
        server, way = own_store(writable_check=0.3), request.param
        with redis.Redis.from_url(server.url) as client:
            yield partial(way, client), partial(REFUSALS[way], client)
        pending.forget()

    @pytest.fixture
    def read_elsewhere(self, refusal, settings):
        """Return a function that reads as another process does, which never writes."""
        changed, settings.CACHING = settings.CACHING, settings.CACHING | {"wait": 1}
        store = get_store()
        settings.CACHING = changed
        return partial(store.read, ["an entry"], ["tags"])

    def test_who_never_writes_stops_reading_too(
        self, refusal, read_elsewhere, librarian
    ):
        refuse, _ = refusal
        path = f"/tags/{TagFactory().pk}"
        librarian.get(path)
        read_elsewhere()
        refuse()
        assert librarian.put(path, {"name": "New"}).status_code == 200
        assert librarian.get(path).json()["name"] == "New"
        # The bound that is promised.
        time.sleep(0.3)
        with pytest.raises(Unavailable):
            read_elsewhere()

    def test_it_is_said_once_and_health_is_degraded(
        self, refusal, librarian, nobody, caplog
    ):
        refuse, _ = refusal
        tag = TagFactory()
        caplog.set_level(logging.WARNING, logger="caching.stores.breaker")
        refuse()
        for number in range(8):
            librarian.put(f"/tags/{tag.pk}", {"name": f"New {number}"})
            time.sleep(0.1)
        health = nobody.get("/common/health-check").json()
        assert (health["status"], health["cache"]) == ("degraded", "unreachable")
        assert len(caplog.records) == 1, caplog.text

    def test_afterwards_all_is_as_before(self, refusal, librarian):
        refuse, end = refusal
        path = f"/tags/{TagFactory().pk}"
        librarian.get(path)
        refuse()
        librarian.put(path, {"name": "New"})
        end()
        wait_until(lambda: result_of(librarian.get(path)) == "HIT", "a hit", 60)
        assert librarian.get(path).json()["name"] == "New"


def test_a_hit_that_checks_is_one_round_trip_as_well(own_store, reader, monkeypatch):
    own_store(writable_check=0)
    for _ in range(3):
        reader.get("/tags")
    with recorded_round_trips(monkeypatch) as trips:
        assert result_of(reader.get("/tags")) == "HIT"
    assert len(trips) == 1


class TestPendingInvalidations:
    @pytest.mark.long
    def test_a_write_while_redis_hangs_is_never_served_stale_here(self, own_store):
        server = own_store(timeout=1)
        client = Client(UserFactory(is_staff=True))
        book = BookFactory(title="Old")
        path = f"/books/{book.pk}"
        wait_until(lambda: result_of(client.get(path)) == "HIT")
        with suspended(server):
            assert client.patch(path, {"title": "New"}).status_code == 200
            assert pending._changes
            assert client.get(path).json()["title"] == "New"
        for _ in range(20):
            assert client.get(path).json()["title"] == "New"
        wait_until(lambda: not pending._changes)
        wait_until(lambda: result_of(client.get(path)) == "HIT")
        assert client.get(path).json()["title"] == "New"

    def test_they_add_up_and_are_flushed_in_one_step(self, redis_store, monkeypatch):
        with pending._lock:
            pending._changes.update({"books": Change.build("1"), "tags": Change()})
        pending.add("w1", {"books": Change.build("2", ["stock"])})
        pending.add("w2", {"tags": Change.build(None)})
        pending.add("w3", {"tags": Change.build("9")})
        assert pending._changes == {
            "books": Change.build("12"),
            "tags": Change.build(None),
        }
        assert redis_store.ping()  # it is connected
        with recorded_round_trips(monkeypatch) as trips:
            pending.flush(redis_store)
            pending.flush(redis_store)
        assert len(trips) == 1
        assert not pending._changes

    def test_one_added_while_another_of_the_same_rows_is_flushed_is_flushed_too(
        self, redis_store, monkeypatch
    ):
        flushed, finish = [], redis_store.finish

        def add_once_more(writer, changes):
            finish(writer, changes)
            flushed.append(changes)
            if len(flushed) == 1:
                pending.add("w", {"books": Change.build("7")})

        monkeypatch.setattr(redis_store, "finish", add_once_more)
        with pending._lock:
            pending._changes["books"] = Change.build("7")
        pending.flush(redis_store)
        assert flushed == [{"books": Change.build("7")}] * 2
        assert not pending._changes

    def test_the_read_that_ends_an_outage_is_no_hit(self, redis_store, reader):
        for _ in range(3):
            reader.get("/tags")
        breaker = redis_store.breaker
        breaker.broken, breaker.retry_at = True, 0
        assert reader.get("/tags").headers["X-Cache"] == "BYPASS; unavailable"
        assert not breaker.broken and breaker.recovering


@pytest.mark.long
class TestFull:
    def test_eviction_never_gives_a_wrong_answer(self, own_store):
        own_store("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-random")
        client = Client(UserFactory(is_staff=True))
        book = BookFactory(title="0")
        BookFactory.create_batch(20)
        for number in range(1, 60):
            client.patch(f"/books/{book.pk}", {"title": str(number)})
            for _ in range(2):
                detail = client.get(f"/books/{book.pk}").json()
                assert detail["title"] == str(number)
                listed = client.get("/books").json()["results"]
                assert str(number) in {found["title"] for found in listed}
            filler = {f"filler:{number}:{n}": b"x" * 20_000 for n in range(20)}
            get_store().client.mset(filler)
        evicted = get_store().client.info("stats")["evicted_keys"]
        assert evicted > 0

    def test_a_full_redis_that_evicts_nothing_is_as_good_as_away(self, own_store):
        own_store("--maxmemory-policy", "noeviction")
        client = Client(UserFactory(is_staff=True))
        # Less than an empty server uses, which differs between versions.
        get_store().client.config_set("maxmemory", 1)
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            get_store().client.set("more", "x")
        book = BookFactory(title="0")
        for number in range(1, 5):
            path = f"/books/{book.pk}"
            sent = {"title": str(number)}
            assert client.patch(path, sent).status_code == 200
            assert client.get(path).json()["title"] == str(number)
        pending.forget()

    def test_a_lost_stamp_is_in_quarantine(self, redis_store, reader):
        for _ in range(3):
            reader.get("/tags")
        redis_store.client.delete("library:stamp:tags")
        response = reader.get("/tags")
        assert (result_of(response), reason_of(response)) == ("BYPASS", "quarantine")


class TestForeignValues:
    @pytest.fixture
    def path(self, redis_store, reader):
        path = f"/tags/{TagFactory(name='Right').pk}"
        for _ in range(3):
            reader.get(path)
        return path

    # A pickle that runs a command if it is loaded.
    PICKLE = b"cos\nsystem\n(S'touch /tmp/owned'\ntR."

    @pytest.mark.parametrize(
        "value", [b"", b"\x00\xff\xfe", PICKLE, b"{}", b"x y z 0\n{}", b"\n", b" \n"]
    )
    @pytest.mark.parametrize("kind", ["tags:detail", "stamp", "stamp of the row"])
    def test_one_of_ours_was_overwritten(self, redis_store, reader, path, value, kind):
        tag_id = path.rpartition("/")[2]
        key = {
            "tags:detail": f"library:tags:detail:{tag_id}",
            "stamp": "library:stamp:tags",
            "stamp of the row": f"library:stamp:tags:{tag_id}",
        }[kind]
        redis_store.client.set(key, value)
        for _ in range(2):
            assert reader.get(path).json()["name"] == "Right"

    @pytest.mark.parametrize("key", ["tags:detail:{}", "stamp:tags", "stamp:tags:{}"])
    def test_one_of_another_type_is_there(self, redis_store, reader, path, key):
        key = "library:" + key.format(path.rpartition("/")[2])
        redis_store.client.delete(key)
        redis_store.client.rpush(key, "a", "b")
        for _ in range(3):
            assert reader.get(path).json()["name"] == "Right"

    def test_an_entry_cut_short_or_changed_is_a_miss(self, redis_store, reader, path):
        [key] = redis_store.client.scan_iter("library:tags:detail:*")
        good = redis_store.client.get(key)
        for bad in (good[:-1], good.replace(b"Right", b"Wrong")):
            redis_store.client.set(key, bad)
            response = reader.get(path)
            assert response.json()["name"] == "Right"
            assert result_of(response) == "MISS"


class TestBreaker:
    @pytest.fixture
    def now(self):
        return [100.0]

    @pytest.fixture
    def breaker(self, now):
        return Breaker(cooldown=1, errors=(OSError,), clock=lambda: now[0])

    def fail(self):
        raise OSError("gone")

    def test_it_passes_results_and_other_errors_through(self, breaker):
        assert breaker.call(int, "7") == 7
        with pytest.raises(ValueError):
            breaker.call(int, "x")

    def test_after_a_failure_it_does_not_ask(self, breaker):
        with pytest.raises(Unavailable, match="gone"):
            breaker.call(self.fail)
        with pytest.raises(Unavailable, match="left alone"):
            breaker.call(int, "7")

    def test_after_a_while_one_asks(self, breaker, now):
        with pytest.raises(Unavailable):
            breaker.call(self.fail)
        now[0] += 1.1
        with pytest.raises(Unavailable, match="gone"):
            breaker.call(self.fail)
        with pytest.raises(Unavailable, match="left alone"):
            breaker.call(int, "7")

    def test_an_answer_closes_it_and_it_recovers_for_a_while(self, breaker, now):
        with pytest.raises(Unavailable):
            breaker.call(self.fail)
        now[0] += 1.1
        assert breaker.call(int, "7") == 7
        assert breaker.recovering
        now[0] += 1.1
        assert not breaker.recovering


def kill_connections(server):
    """Kill all connections to a server except this client's."""
    # Only on a server of our own: on a shared one, new connections of other workers
    # can't be told from ours, because all begin in database 0.
    with redis.Redis.from_url(server.url) as killer:
        killer.client_kill_filter(_type="normal", skipme=True)


def test_a_dead_connection_in_the_pool_is_no_outage(own_store):
    server = own_store()
    reader = Client(UserFactory())
    reader.get("/tags")
    kill_connections(server)
    assert result_of(reader.get("/tags")) == "HIT"
    assert Book.objects.count() == 0


def test_nor_are_more_than_the_clients_pool_would_make(own_store):
    """The pool counts the connections that it made, up to a limit."""
    server = own_store()
    reader, store = Client(UserFactory()), get_store()
    for _ in range(store.client.connection_pool.max_connections + 1):
        store.read([], ["tags"])
        kill_connections(server)
    assert result_of(reader.get("/tags")) == "MISS"
    assert result_of(reader.get("/tags")) == "HIT"
