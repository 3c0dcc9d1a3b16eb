"""Signals report reads and writes to observers."""

import pytest

from caching import signals
from caching.outage import pending
from caching.stamps import Change
from caching.stores.memory import MemoryStore
from tests.caches import caching
from tests.factories import TagFactory

pytestmark = pytest.mark.once

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
    assert done["sender"] is pending.flush
    assert done["changes"] == waiting["changes"] == {"tags": Change.build([tag.pk])}
