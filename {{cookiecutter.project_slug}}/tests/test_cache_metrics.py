"""GET /metrics, manage.py cachestats, and the system checks"""

import os
import re
import signal
import subprocess
import sys
import threading
from itertools import product
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from prometheus_client.parser import text_string_to_metric_families

from books import selectors
from caching import dependencies, reads
from caching.ops.checks import (
    one_process_or_redis,
    statements_end_before_their_intents,
    times_agree,
)
from caching.ops.metrics import (
    BREAKER_OPEN,
    INVALIDATIONS,
    NOT_MODIFIED,
    OVERDUE,
    PENDING,
    READS,
    REASONS,
)
from caching.stamps import Change
from tests import live
from tests.caches import cached_views, caching, empty
from tests.clients import Client
from tests.counted import changes, value
from tests.crowd import all_at_once
from tests.factories import BookFactory, TagFactory, UserFactory
from tools.polling import wait_until

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ("hit", "wait", "miss", "bypass")


def count(result):
    return READS.labels("tags:list", result)._value.get()


def test_each_read_is_counted_once(store, reader):
    before = {name: count(name) for name in RESULTS}
    for _ in range(4):
        reader.get("/tags")
    after = {name: count(name) - before[name] for name in RESULTS}
    assert after == {"hit": 3, "wait": 0, "miss": 1, "bypass": 0}


def test_what_did_not_happen_is_not_counted_nor_logged(
    store, reader, librarian, caplog
):
    tag = TagFactory()
    others = [NOT_MODIFIED, PENDING, OVERDUE, INVALIDATIONS.labels("books")]
    before = [each._value.get() for each in others]
    renewed = INVALIDATIONS.labels("tags")._value.get()
    reader.get("/tags")
    reader.get("/tags", HTTP_IF_NONE_MATCH='"another"')
    librarian.put(f"/tags/{tag.pk}", {"name": "New"})
    reader.get("/tags")
    assert INVALIDATIONS.labels("tags")._value.get() == renewed + 1
    assert [each._value.get() for each in others] == before
    assert [record.getMessage() for record in caplog.records] == []


def test_a_304_is_counted_as_well(store, reader):
    etag = reader.get("/tags").headers["ETag"]
    before = NOT_MODIFIED._value.get()
    assert reader.get("/tags", HTTP_IF_NONE_MATCH=etag).status_code == 304
    assert NOT_MODIFIED._value.get() == before + 1


def test_every_read_is_counted_by_its_view(store, reader):
    book = BookFactory()
    paths = ["/tags", "/books", f"/books/{book.pk}", f"/books/{book.pk}/tags"]
    with changes("cache_reads_total") as grown:
        for path in [*paths, *paths, paths[0]]:
            reader.get(path)
    name = "cache_reads_total"
    assert grown == {
        (name, "miss", "tags:list"): 1,
        (name, "hit", "tags:list"): 2,
        **{(name, "miss", f"books:{view}"): 1 for view in ("list", "detail", "tags")},
        **{(name, "hit", f"books:{view}"): 1 for view in ("list", "detail", "tags")},
    }


def test_why_a_read_is_not_stored_is_counted(store, reader):
    book = BookFactory()
    path = f"/books/{book.pk}"
    with changes("cache_bypasses_total") as grown:
        store.add_intent("another", {"books": Change.build([book.pk], ["stock"])})
        reader.get(path)
        store.finish("another", {"books": Change.build([book.pk], ["stock"])})
        with transaction.atomic():
            reader.get(path)
        reader.get(path)
    assert grown == {
        ("cache_bypasses_total", "write"): 1,
        ("cache_bypasses_total", "transaction"): 1,
    }


def test_all_reasons_are_known():
    """Each text that reads.py and dependencies.py may give is in REASONS."""
    sources = [Path(module.__file__).read_text() for module in (reads, dependencies)]
    given = re.findall(
        r"(?:Bypass|Blocked)\(\"(\w+)\"\)|BYPASS, \"(\w+)\"|return \"(\w+)\" if "
        r"\w+ else \"(\w+)\"",
        "".join(sources),
    )
    assert {word for words in given for word in words if word} == set(REASONS)


def test_steps_of_the_store_are_counted(store, reader, librarian):
    steps = "cache_store_duration_seconds_count"
    tag = TagFactory()
    reader.get("/tags")
    with changes(steps) as hit:
        reader.get("/tags")
    with changes(steps) as write:
        tag.save()
    with changes(steps) as miss:
        reader.get("/tags")
    assert hit == {(steps, "read"): 1}
    assert write == {(steps, "intend"): 1, (steps, "finish"): 1}
    once = {(steps, step): 1 for step in ("keep", "lock", "unlock")}
    assert miss.items() >= once.items() and (steps, "open") not in miss


def test_intents_and_invalidations_are_counted_by_table(store):
    with changes("cache_intents_total", "cache_invalidations_total") as grown:
        TagFactory()
    assert grown == {
        ("cache_intents_total", "tags"): 1,
        ("cache_invalidations_total", "tags"): 1,
    }


def test_the_size_of_what_is_stored_is_counted_once(store, reader):
    TagFactory.create_batch(3)
    with changes("cache_entry_size_bytes") as grown:
        sizes = [len(reader.get("/tags").content) for _ in range(2)]
    assert grown == {
        ("cache_entry_size_bytes_count", "tags:list"): 1,
        ("cache_entry_size_bytes_sum", "tags:list"): sizes[0],
    }


def test_waits_for_another_reader_are_counted(store, monkeypatch):
    """Who computes goes on when all others have been refused the lock."""
    everybody_waits, refused = threading.Event(), []
    find_books, lock = selectors.find_books, store.lock

    def slow(query):
        assert everybody_waits.wait(timeout=120)
        return find_books(query)

    def notice(*arguments):
        got = lock(*arguments)
        if not got:
            refused.append(arguments[2])
        if len(set(refused)) == 3:
            everybody_waits.set()
        return got

    monkeypatch.setattr(selectors, "find_books", slow)
    monkeypatch.setattr(store, "lock", notice)
    clients = [Client(user) for user in UserFactory.create_batch(4)]
    with changes("cache_wait_duration_seconds_count", "cache_reads_total") as grown:
        all_at_once([lambda c=c: c.get("/books") for c in clients])
    assert grown == {
        ("cache_wait_duration_seconds_count",): 3,
        ("cache_reads_total", "wait", "books:list"): 3,
        ("cache_reads_total", "miss", "books:list"): 1,
    }


def test_what_is_pending_is_counted_until_it_is_flushed(
    settings, transactional_db, own_redis
):
    server = own_redis()
    settings.CACHING = caching(server.url, cooldown=0.2, timeout=1)
    empty()
    tags = TagFactory.create_batch(2)
    now = "cache_pending_invalidations", "cache_breaker_open"
    # The store of an earlier test may have failed last.
    BREAKER_OPEN.set(0)
    counted = ("pending", "intents", "invalidations")
    with changes(*(f"cache_{name}_total" for name in counted)) as grown:
        server.send(signal.SIGSTOP)
        try:
            for tag in tags:
                tag.save()
            assert [value(name) for name in now] == [2, 1]
        finally:
            server.send(signal.SIGCONT)
        wait_until(lambda: [value(name) for name in now] == [0, 0])
    assert grown == {
        ("cache_pending_total",): 2,
        ("cache_invalidations_total", "tags"): 2,
    }


def test_who_is_not_asked_is_not_timed(settings, transactional_db, reader):
    settings.CACHING = caching("redis://127.0.0.1:1/0", cooldown=600)
    steps = "cache_store_duration_seconds_count"
    with changes(steps) as grown:
        for _ in range(5):
            reader.get("/tags")
    assert grown == {(steps, "read"): 1}


def test_they_are_in_prometheus_text(store, client):
    TagFactory()
    response = client.get("/metrics")
    assert response.status_code == 200
    families = {f.name for f in text_string_to_metric_families(response.text)}
    assert {"cache_reads", "cache_invalidations", "cache_pending"} <= families
    assert client.post("/metrics").status_code == 405


def test_before_the_first_read_each_result_of_each_view_is_0(
    tmp_path, redis_url, capsys
):
    with live.database(tmp_path) as url:
        env = live.environment(url, REDIS_URL=redis_url, CACHE_PREFIX="stats")
        live.manage("migrate", env=env)
        with live.gunicorn(env, WEB_CONCURRENCY="2") as (address, _):
            metrics = address.replace("/api/v1", "/metrics")
            with urlopen(metrics) as answer:
                families = text_string_to_metric_families(answer.read().decode())
            call_command("cachestats", url=metrics)
    [reads] = (family for family in families if family.name == "cache_reads")
    counts = {
        (each.labels["view"], each.labels["result"]): each.value
        for each in reads.samples
    }
    views = {view.cached.name for _, view in cached_views()}
    assert {"books:list", "books:detail", "books:tags"} <= views
    assert counts == dict.fromkeys(product(views, RESULTS), 0)
    assert "hit ratio     no reads yet" in capsys.readouterr().out


def test_reads_are_counted_whichever_worker_answers(tmp_path, redis_url, capsys):
    reads = 20
    with live.database(tmp_path) as url:
        env = live.environment(url, REDIS_URL=redis_url, CACHE_PREFIX="together")
        live.manage("migrate", env=env)
        with live.gunicorn(env, WEB_CONCURRENCY="2") as (address, _):
            reader = {
                "email": "r@example.com",
                "username": "r",
                "password": "s3ven-cats",
            }
            live.send(f"{address}/users", reader)
            token = live.log_in(address, reader["email"], reader["password"])
            for _ in range(reads):
                live.send(f"{address}/tags", token=token)
            call_command("cachestats", url=address.replace("/api/v1", "/metrics"))
    counts = re.findall(
        r"^(?:hit|wait|miss|bypass) +(\d+)", capsys.readouterr().out, re.M
    )
    assert sum(map(int, counts)) == reads


def test_the_command_says_when_no_server_answers():
    with pytest.raises(
        CommandError, match="http://127.0.0.1:1/metrics does not answer"
    ):
        call_command("cachestats", url="http://127.0.0.1:1/metrics")


def test_the_in_process_cache_is_refused_with_more_than_one_worker(settings):
    settings.CACHING, settings.WORKER_PROCESSES = caching(), 2
    assert [error.id for error in one_process_or_redis(None)] == ["caching.E001"]
    settings.CACHING = caching("redis://localhost")
    assert one_process_or_redis(None) == []
    settings.CACHING, settings.WORKER_PROCESSES = caching(), 1
    assert one_process_or_redis(None) == []


def test_the_server_refuses_it_too(tmp_path):
    env = live.environment(f"sqlite:///{tmp_path / 'db'}", WEB_CONCURRENCY="2")
    env["REDIS_URL"] = ""
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
    result = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 1
    assert "WEB_CONCURRENCY is 2, but the in-process cache serves one" in result.stderr


@pytest.mark.parametrize(
    "bad", [{"lease": 1, "timeout": 1}, {"wait": 1, "lock": 2}, {"wait": 1, "lock": 1}]
)
def test_times_that_contradict_each_other_are_refused(settings, bad):
    settings.CACHING = {}
    assert times_agree(None) == []
    settings.CACHING = bad
    assert [error.id for error in times_agree(None)] == ["caching.E002"]


@pytest.mark.parametrize(("lease", "found"), [(6, []), (5, ["caching.W002"])])
def test_a_lease_is_longer_than_a_statement(settings, monkeypatch, lease, found):
    settings.CACHING = settings.CACHING | {"lease": lease}
    limits = {"options": "-c lock_timeout=2s -c statement_timeout=5s"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", limits)
    assert [each.id for each in statements_end_before_their_intents(None)] == found


@pytest.mark.parametrize(
    ("given", "warnings"),
    [({}, 0), ({"CACHE_LEASE": "4"}, 1), ({"DATABASE_STATEMENT_TIMEOUT": "60"}, 1)],
    ids=["the defaults", "a short lease", "long statements"],
)
def test_a_lease_that_a_statement_may_outlive_is_told(given, warnings):
    check = "caching.ops.checks import statements_end_before_their_intents as check"
    code = f"import django; django.setup(); from {check}; print(check(None))"
    env = {"DATABASE_URL": "postgres://u:p@db/library", "DOTENV": os.devnull}
    env |= {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", code]
    options = {"cwd": ROOT, "env": env | live.SECRETS | given, "text": True}
    done = subprocess.run(command, capture_output=True, check=True, **options)
    assert done.stdout.count("caching.W002") == warnings
