"""After an invalidation one reader computes, the others wait for its answer."""

import threading

import pytest

from books import documents, selectors
from caching import reads
from caching.entries import Entry
from tests.caches import caching, empty, result_of
from tests.clients import Client
from tests.crowd import all_at_once
from tests.factories import BookFactory, UserFactory
from users.models import User

CROWD = 20


@pytest.fixture
def computed(monkeypatch):
    """Return a list of the list queries; the first of them is slow."""
    calls, find_books = [], selectors.find_books
    everybody_asked = threading.Event()

    def slow(query):
        calls.append(query)
        everybody_asked.wait(timeout=0.3)
        return find_books(query)

    monkeypatch.setattr(selectors, "find_books", slow)
    return calls


def test_many_readers_make_one_query(store, computed):
    BookFactory.create_batch(3)
    clients = [Client(user) for user in UserFactory.create_batch(CROWD)]
    answers = all_at_once([lambda c=c: c.get("/books") for c in clients])
    assert len(computed) == 1
    assert len({answer.content for answer in answers}) == 1
    results = [result_of(answer) for answer in answers]
    assert results.count("MISS") == 1
    assert results.count("HIT") == CROWD - 1


def test_who_is_locked_out_while_waiting_gets_nothing(
    store, reader, other_reader, monkeypatch
):
    BookFactory()
    find_books, lock = selectors.find_books, store.lock
    computing, waiting, locked_out = (threading.Event() for _ in range(3))

    def slow(query):
        computing.set()
        assert locked_out.wait(timeout=120)
        return find_books(query)

    def notice_who_waits(*arguments):
        got = lock(*arguments)
        if not got:
            waiting.set()
        return got

    monkeypatch.setattr(selectors, "find_books", slow)
    monkeypatch.setattr(store, "lock", notice_who_waits)

    def ask_second():
        assert computing.wait(timeout=120)
        return other_reader.get("/books")

    def lock_out():
        assert waiting.wait(timeout=120)
        User.objects.filter(pk=other_reader.user.pk).update(is_active=False)
        locked_out.set()

    first, second, _ = all_at_once([lambda: reader.get("/books"), ask_second, lock_out])
    assert (first.status_code, result_of(first)) == (200, "MISS")
    assert second.status_code == 401


def test_a_holder_that_fails_lets_the_next_one_compute(store, reader, monkeypatch):
    BookFactory()
    find_books, failed = selectors.find_books, []

    def fail_once(query):
        if not failed:
            failed.append(1)
            raise RuntimeError("the first one fails")
        return find_books(query)

    monkeypatch.setattr(selectors, "find_books", fail_once)
    reader.raise_request_exception = False
    assert reader.get("/books").status_code == 500
    assert result_of(reader.get("/books")) == "MISS"


def test_a_holder_that_died_holds_nobody_up_for_long(settings, store, reader):
    BookFactory()
    url = settings.CACHING["redis_url"]
    settings.CACHING = caching(url, lock=0.2, wait=0.1)
    store = empty()
    locks, lock = [], store.lock

    def remember(*arguments):
        locks.append(arguments)
        return lock(*arguments)

    store.lock = remember
    reader.get("/books")
    key, version, *_ = locks[-1]
    # As if a reader had got the lock and died; the entry is gone.
    empty_entry(store)
    assert lock(key, version, "the dead", 60)
    response = reader.get("/books")
    assert response.status_code == 200
    assert response.headers["X-Cache"] == "BYPASS; wait"


def test_who_waited_for_the_dead_waits_for_the_next_one(
    settings, store, reader, computed, monkeypatch
):
    clients = [Client(user) for user in UserFactory.create_batch(CROWD)]
    url = settings.CACHING["redis_url"]
    settings.CACHING = caching(url, lock=1, wait=2)
    store = empty()
    taken, lock = [], store.lock
    monkeypatch.setattr(store, "lock", lambda *given: taken.append(given) or True)
    reader.get("/books")
    monkeypatch.setattr(store, "lock", lock)
    empty_entry(store)
    key, version, *_ = taken[-1]
    computed.clear()
    assert lock(key, version, "the dead", 1)
    answers = all_at_once([lambda c=c: c.get("/books") for c in clients])
    assert len(computed) == 1
    results = [result_of(answer) for answer in answers]
    assert results.count("MISS") == 1
    assert results.count("HIT") == CROWD - 1


@pytest.mark.once
def test_in_redis_a_lock_and_an_entry_end_by_themselves(redis_store, settings):
    settings.CACHING = settings.CACHING | {"ttl": 100, "ttl_jitter": 0.5, "lock": 10}
    client, store = redis_store.client, empty()
    assert store.lock("key", "version", "the dead", 10)
    assert 9_000 < client.pttl("library:key:lock:version") <= 10_000
    spec = reads.CacheSpec("key", ())
    ends = set()
    for _ in range(50):
        reads.store_entry(store, spec, "version", Entry.build(b"body"))
        ends.add(client.pttl("library:key"))
    assert 49_000 < min(ends) < 75_000 < max(ends) <= 100_000


def empty_entry(store):
    if hasattr(store, "client"):
        for key in store.client.scan_iter("library:books:list:*"):
            store.client.delete(key)
    else:
        for key in [key for key in store.kept if key.startswith("books:list")]:
            del store.kept[key]


def test_who_computed_from_before_a_write_holds_up_nobody_after_it(
    store, reader, librarian, monkeypatch
):
    """A slow reader stores under the old stamp, which nobody looks up any more."""
    book = BookFactory(title="Old")
    with_tags = documents.with_tags
    read_old, written = threading.Event(), threading.Event()

    def slow(rows):
        found = with_tags(rows)
        if not read_old.is_set():
            read_old.set()
            assert written.wait(timeout=120)
        return found

    monkeypatch.setattr(documents, "with_tags", slow)

    def write():
        assert read_old.wait(timeout=120)
        librarian.patch(f"/books/{book.pk}", {"title": "New"})
        fresh = Client(reader.user).get("/books")
        written.set()
        return fresh

    old, fresh = all_at_once([lambda: reader.get("/books"), write])
    assert old.json()["results"][0]["title"] == "Old"
    assert fresh.json()["results"][0]["title"] == "New"
    assert reader.get("/books").json()["results"][0]["title"] == "New"


def test_the_pauses_stay_below_the_wait():
    assert reads.FIRST_PAUSE < reads.LONGEST_PAUSE < 1
