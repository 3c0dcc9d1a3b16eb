"""The page /cache shows what happened, and is not there in production."""

import json
from itertools import islice

import pytest
from django.test import RequestFactory

from books import selectors
from caching.at_once import WAS_HIT
from caching.ops.checks import page_is_off
from caching.page import recorder, views
from caching.page.ring import KEPT, Cursor, MemoryRing, RedisRing, get_ring
from caching.page.state import read_state
from caching.stamps import Change
from tests.caches import caching, empty, result_of
from tests.clients import Client
from tests.crowd import all_at_once
from tests.factories import BookFactory, UserFactory
from tests.test_foreign_values import VALUES
from tests.test_settings import python

pytestmark = pytest.mark.once
SHOWN = {"hit": "HIT", "wait": "HIT", "miss": "MISS", "bypass": "BYPASS"}


@pytest.fixture
def noted():
    """Let signals be noted, as in a server with the page."""
    recorder.connect()
    yield
    recorder.disconnect()


@pytest.fixture(params=["memory", "redis"])
def store(request, settings, transactional_db, noted):
    """Return the empty store, with the page on."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    settings.CACHING = caching(url, page=True, page_streams=1)
    return empty()


def notes(*kinds):
    """Return the notes of these kinds, oldest first; all without a kind."""
    found = map(json.loads, get_ring().since(Cursor())[0])
    return [note for note in found if not kinds or note["kind"] in kinds]


def test_each_request_is_noted_as_its_reader_saw_it(store, reader, librarian):
    book = BookFactory()
    answers = [reader.get("/books"), reader.get("/books"), reader.get("/loans")]
    etag = answers[0].headers["ETag"]
    answers.append(reader.get("/books", HTTP_IF_NONE_MATCH=etag))
    answers.append(librarian.patch(f"/books/{book.pk}", {"title": "New"}))
    answers.append(reader.get(f"/books/{book.pk}"))
    noted = notes("request")
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert [note["request"] for note in noted] == ids
    assert [note["status"] for note in noted] == [200, 200, 200, 304, 200, 200]
    results = ["miss", "hit", "", "hit", "", "miss"]
    assert [note["result"] for note in noted] == results
    assert [SHOWN.get(each) for each in results] == [
        answer.headers.get("X-Cache") for answer in answers
    ]
    queries = [note["queries"] > 0 for note in noted]
    assert queries == [True, False, True, False, True, True]
    assert noted[0]["key"] == noted[1]["key"] != noted[5]["key"]
    assert [bool(note["key"]) for note in noted] == [bool(each) for each in results]


def test_a_hit_that_is_noted_is_none_that_must_not_wait(store, reader):
    BookFactory()
    _, hit = reader.get("/books"), reader.get("/books")
    assert hit.headers["X-Cache"] == "HIT"
    assert WAS_HIT not in hit.wsgi_request.META


def test_a_write_is_noted_from_its_intent_to_its_end(store, librarian):
    book = BookFactory()
    librarian.get("/books")
    librarian.patch(f"/books/{book.pk}", {"title": "New"})
    *_, intent, done, request = notes("intent", "invalidated", "request")
    assert [each["kind"] for each in (intent, done)] == ["intent", "invalidated"]
    assert intent["writers"] == done["writers"]
    assert intent["changes"] == done["changes"] == {"books": f"{book.pk}:title"}
    assert intent["request"] == done["request"] == request["request"]
    [books] = [each for each in read_state()["tables"] if each["name"] == "books"]
    assert books["intents"] == []
    assert books["changes"][-1]["change"] == f"{book.pk}:title"
    assert books["changes"][-1]["token"] == books["token"]


def test_an_intent_is_shown_while_it_stands_and_is_the_reason(store, reader):
    book = BookFactory()
    reader.get("/books")
    store.add_intent("writer", {"books": Change.build([book.pk], ["title"])})
    answer = reader.get("/books")
    [*_, note] = notes("request")
    assert answer.headers["X-Cache"] == "BYPASS; write"
    assert (note["result"], note["reason"]) == ("bypass", "write")
    [books] = [each for each in read_state()["tables"] if each["name"] == "books"]
    [intent] = books["intents"]
    assert intent["writer"] == "writer" and not intent["quarantine"]
    assert intent["change"] == f"{book.pk}:title"
    assert 0 < intent["until"] - note["at"] <= store.lease * 1000


def test_of_a_crowd_it_shows_who_held_the_lock(store):
    BookFactory()
    clients = [Client(user) for user in UserFactory.create_batch(5)]
    answers = all_at_once([lambda c=c: c.get("/books") for c in clients])
    by_id = {answer.headers["X-Request-ID"]: result_of(answer) for answer in answers}
    requests = notes("request")
    assert {note["request"]: SHOWN[note["result"]] for note in requests} == by_id
    [key] = {note["key"] for note in requests}
    locked = [note for note in notes("locked") if note["key"] == key]
    ended = [note["holder"] for note in notes("unlocked") if note["key"] == key]
    # Whoever got it when the entry was there already computed nothing.
    missed = {each for each, result in by_id.items() if result == "MISS"}
    assert missed and missed <= {note["request"] for note in locked}
    assert sorted(ended) == sorted(note["holder"] for note in locked)


def test_a_lock_ends_though_its_holder_fails(store, reader, monkeypatch):
    def fail(query):
        raise LookupError

    monkeypatch.setattr(selectors, "find_books", fail)
    with pytest.raises(LookupError):
        reader.get("/books")
    locked, unlocked = notes("locked")[-1], notes("unlocked")[-1]
    assert locked["holder"] == unlocked["holder"]
    assert locked["key"].startswith("books:list:")


def test_no_query_no_token_and_no_body_is_noted(store, reader, nobody):
    reader.get("/books?title=words-of-a-reader")
    login = {"email": "mina@example.com", "password": "secret-words"}
    nobody.post("/auth/login", login)
    text = json.dumps(notes())
    [token] = reader._credentials.values()
    for private in ("words-of-a-reader", "mina", "secret-words", token.split()[-1]):
        assert private not in text
    assert "/api/v1/auth/login" in text


def test_what_happens_while_redis_is_away_is_noted_too(
    settings, transactional_db, noted, reader
):
    settings.CACHING = caching("redis://127.0.0.1:1/0", page=True, timeout=0.5)
    answer = reader.get("/books")
    [note] = notes("request")
    assert answer.headers["X-Cache"] == "BYPASS; unavailable"
    assert (note["result"], note["reason"]) == ("bypass", "unavailable")
    assert read_state() == {"store": "away", "tables": []}


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_the_latest_notes_are_kept_and_read_once(settings, request, kind):
    url = request.getfixturevalue("redis_url") if kind == "redis" else ""
    settings.CACHING = caching(url)
    empty()
    writing = reading = RedisRing() if url else MemoryRing()
    if url:
        reading = RedisRing()  # another process
    for number in range(KEPT + 7):
        writing.add(str(number))
    found, cursor = reading.since(Cursor())
    assert found == [str(number) for number in range(7, KEPT + 7)]
    assert reading.since(Cursor.parse(str(cursor))) == ([], cursor)
    writing.add("one more")
    found, later = reading.since(cursor)
    assert found == ["one more"]
    assert reading.since(later) == ([], later)


@pytest.mark.parametrize("cursor", ["", "1", "a-b", "-1-2", "1-2-3", "9" * 99 + "-1"])
def test_what_is_no_cursor_is_the_beginning(cursor):
    assert Cursor.parse(cursor) == Cursor(0, 0)


@pytest.mark.parametrize("leave", VALUES.values(), ids=VALUES)
def test_what_others_put_into_redis_is_neither_shown_nor_in_the_way(
    settings, redis_url, transactional_db, leave
):
    settings.CACHING = caching(redis_url, page_streams=0)
    empty()
    ring = get_ring()
    ring.add('{"id": 1}')
    number = ring.since(Cursor())[1].shared
    for key in (ring.key, f"{ring.key}:{number % KEPT}"):
        ring.client.delete(key)
        leave(ring.client, key)
    ring.since(Cursor())
    ring.add('{"id": 2}')
    assert ring.since(Cursor())[0] == ['{"id": 2}']
    assert "".join(views.stream(Cursor())).count("\nid: ") <= 1


def test_a_stream_goes_on_where_the_last_one_ended(store, reader, settings):
    settings.CACHING = settings.CACHING | {"page_streams": 0}
    reader.get("/books")
    ids, told = streamed()
    assert told["request"]["result"] == "miss" and told["state"]["store"] == "ok"
    assert streamed(ids[-1]) == ([], {"state": told["state"]})
    reader.get("/books")
    ids, told = streamed(ids[-1])
    assert len(ids) == 1 and told["request"]["result"] == "hit"


def streamed(last=""):
    """Return the ids that a stream sends, and the last data of each kind."""
    request = RequestFactory().get("/cache/events", HTTP_LAST_EVENT_ID=last)
    answer = views.events(request)
    assert answer["Content-Type"] == "text/event-stream"
    ids, told = [], {}
    for message in b"".join(answer.streaming_content).decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in message.split("\n") if line)
        if "id" in fields:
            ids.append(fields["id"])
        if "data" in fields:
            data = json.loads(fields["data"])
            told[fields.get("event") or data["kind"]] = data
    return ids, told


def test_no_more_streams_are_held_than_said(store):
    held = views.stream(Cursor())
    assert next(held).startswith("retry: ")
    # The second one ends by itself, after the state.
    assert len(list(islice(views.stream(Cursor()), 9))) == 2
    held.close()
    third = views.stream(Cursor())
    next(third)
    assert not views.held_streams().acquire(blocking=False)
    third.close()
    assert views.held_streams().acquire(blocking=False)
    views.held_streams().release()


ASK = """
import sys
import django
django.setup()
from django.test import Client
from caching import signals
from config.wsgi import application
for path in ("/cache", "/cache/events", "/cache/page.js", "/cache/page.css"):
    answer = Client().get(path, headers={"host": "localhost"})
    print(answer.status_code, answer.headers["Content-Type"].partition(";")[0])
print(sorted({signals.locked.has_listeners(), signals.unlocked.has_listeners()}))
print("caching.page.recorder" in sys.modules)
"""


@pytest.mark.parametrize("given", [{}, {"DEBUG": "on", "CACHE_PAGE": "off"}])
def test_off_there_is_no_page_and_nobody_notes(given):
    *answers, listeners, imported = python("-c", ASK, **given).stdout.splitlines()
    kind = "text/html" if given else "application/json"
    assert answers == [f"404 {kind}"] * 4
    assert (listeners, imported) == ("[False]", "False")


@pytest.mark.parametrize("given", [{"DEBUG": "on"}, {"CACHE_PAGE": "on"}])
def test_on_it_is_there(given):
    *answers, listeners, imported = python("-c", ASK, **given).stdout.splitlines()
    kinds = ("html", "event-stream", "javascript", "css")
    assert answers == [f"200 text/{kind}" for kind in kinds]
    assert (listeners, imported) == ("[True]", "True")


def test_a_production_check_refuses_it(settings):
    settings.CACHING = caching()
    assert page_is_off(None) == []
    settings.CACHING = caching(page=True)
    [error] = page_is_off(None)
    assert error.id == "caching.E003"
    said = python("manage.py", "check", "--deploy", CACHE_PAGE="on")
    assert said.returncode == 1 and "caching.E003" in said.stderr
