"""Observers hear of reads and writes, and how long the store took."""

from time import perf_counter

import pytest
from django.db import transaction

from caching import signals, writes
from caching.outage import pending
from caching.stamps import Change
from caching.stores import Unavailable, get_store, timing
from caching.stores.memory import MemoryStore
from tests.caches import caching
from tests.factories import TagFactory
from tests.stores import writers_under_way

pytestmark = pytest.mark.once

FIELDS = ["name", "name_key"]
NAMES = ("hit", "miss", "intent", "invalidated", "pending")


@pytest.fixture
def heard():
    """Return a list to which each signal is added: its name and its arguments."""
    calls, receivers = [], {}
    for name in NAMES:

        def receive(name=name, **arguments):
            calls.append((name, arguments))

        receivers[name] = receive
        getattr(signals, name).connect(receive)
    yield calls
    for name, receive in receivers.items():
        getattr(signals, name).disconnect(receive)


def names(heard):
    return [name for name, _ in heard]


def test_a_read_is_a_miss_and_then_a_hit(store, reader, heard):
    TagFactory()
    heard.clear()
    answers = [reader.get("/tags") for _ in range(2)]
    (_, missed), (_, hit) = heard
    assert names(heard) == ["miss", "hit"]
    assert missed["stored"] and missed["reason"] == "" and not hit["waited"]
    assert [each["response"].headers["X-Cache"] for _, each in heard] == ["MISS", "HIT"]
    assert answers[0].content == hit["response"].content


def test_a_write_leaves_an_intent_and_invalidates(store, heard):
    tag = TagFactory()
    heard.clear()
    tag.save()
    assert names(heard) == ["intent", "invalidated"]
    (_, intent), (_, done) = heard
    assert intent["told"] and not done["overdue"]
    assert done["writers"] == [intent["writer"]]
    assert intent["changes"] == done["changes"] == {"tags": Change.build([tag.pk])}


@pytest.fixture
def intents(store, heard):
    """Return what is heard, two tags, and the change of each one's name."""
    tags = TagFactory.create_batch(2)
    one, other = (Change.build([tag.pk], FIELDS) for tag in tags)
    heard.clear()
    return heard, tags, one, other


def save_thrice(tags):
    with transaction.atomic():
        for tag in (tags[0], tags[0], tags[1]):
            tag.save(update_fields=FIELDS)


def test_until_the_commit_the_intent_stands_in_the_store(store, heard):
    with transaction.atomic():
        TagFactory()
        [(_, intent)] = heard
        assert writers_under_way(store, "tags") == [intent["writer"]]
    assert not writers_under_way(store, "tags")


def test_a_transaction_names_each_change_once(settings, intents):
    heard, tags, one, other = intents
    settings.CACHING = settings.CACHING | {"lease": 600}
    save_thrice(tags)
    assert [each["changes"]["tags"] for _, each in heard] == [one, other, one | other]
    assert names(heard) == ["intent", "intent", "invalidated"]


def test_an_intent_that_may_soon_end_is_left_again_with_all_changes(settings, intents):
    heard, tags, one, other = intents
    settings.CACHING = settings.CACHING | {"lease": 0}
    save_thrice(tags)
    assert [each["changes"]["tags"] for _, each in heard] == [
        one,
        one,
        one | other,
        one | other,
    ]
    assert heard[-1][1]["overdue"]


def test_an_invalidation_is_pending_until_it_is_flushed(
    settings, transactional_db, heard
):
    tag = TagFactory()
    heard.clear()
    settings.CACHING = caching("redis://127.0.0.1:1/0")
    tag.save()
    pending.flush(MemoryStore(lease=5))
    assert names(heard) == ["intent", "pending", "invalidated"]
    (_, intent), (_, waiting), (_, done) = heard
    assert not intent["told"]
    assert done["writers"] == waiting["writers"] == [intent["writer"]]
    assert done["sender"] is pending.flush and not done["overdue"]
    assert done["changes"] == waiting["changes"] == {"tags": Change.build([tag.pk])}


def test_what_is_invalidated_by_hand_is_reported(store, heard):
    writes.invalidate("tags", [7])
    [(name, said)] = heard
    assert name == "invalidated" and len(said["writers"]) == 1
    assert said["changes"] == {"tags": Change.build([7])} and not said["overdue"]


def test_an_observer_that_fails_fails_no_write(store):
    def fail(**arguments):
        raise ZeroDivisionError

    signals.invalidated.connect(fail)
    try:
        tag = TagFactory()
    finally:
        signals.invalidated.disconnect(fail)
    assert not writers_under_way(store, "tags") and tag.pk


@pytest.fixture
def told(monkeypatch):
    """Return a list to which each step of the store is added, and its seconds."""
    steps = []
    observer = [lambda step, seconds: steps.append((step, seconds))]
    monkeypatch.setattr(timing, "observers", observer)
    return steps


def test_each_step_of_the_store_is_timed(store, told):
    began = perf_counter()
    store.open(["tags"])
    store.read([], ["tags"])
    together = perf_counter() - began
    assert [step for step, _ in told] == ["open", "read"]
    assert 0 < sum(seconds for _, seconds in told) <= together


def test_a_step_that_fails_is_timed_and_one_that_nobody_asked_is_not(settings, told):
    settings.CACHING = caching("redis://127.0.0.1:1/0", cooldown=600)
    began = perf_counter()
    for _ in range(2):
        with pytest.raises(Unavailable):
            get_store().read([], ["tags"])
    [(step, seconds)] = told
    assert step == "read" and 0 < seconds <= perf_counter() - began
