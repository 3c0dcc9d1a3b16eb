"""GET /metrics, manage.py cachestats, and the system checks"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command
from prometheus_client.parser import text_string_to_metric_families

from caching.ops.checks import one_process_or_redis, times_agree
from caching.ops.metrics import INVALIDATIONS, NOT_MODIFIED, OVERDUE, PENDING, READS
from tests import live
from tests.caches import caching
from tests.factories import TagFactory

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


def test_they_are_in_prometheus_text(store, client):
    TagFactory()
    response = client.get("/metrics")
    assert response.status_code == 200
    families = {f.name for f in text_string_to_metric_families(response.text)}
    assert {"cache_reads", "cache_invalidations", "cache_pending"} <= families
    assert client.post("/metrics").status_code == 405


def test_the_command_shows_the_hit_ratio_of_all_workers(tmp_path, redis_url, capsys):
    with live.database(tmp_path) as url:
        env = live.environment(url, REDIS_URL=redis_url, CACHE_PREFIX="stats")
        live.manage("migrate", env=env)
        with live.gunicorn(env, WEB_CONCURRENCY="2") as (address, _):
            metrics = address.replace("/api/v1", "/metrics")
            with urlopen(metrics) as answer:
                assert answer.status == 200
            call_command("cachestats", url=metrics)
    said = capsys.readouterr().out
    assert "hit ratio     no reads yet" in said


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


@pytest.mark.parametrize("bad", [{"lease": 0.1, "timeout": 1}, {"wait": 1, "lock": 2}])
def test_times_that_contradict_each_other_are_refused(settings, bad):
    settings.CACHING = caching(**bad)
    assert [error.id for error in times_agree(None)] == ["caching.E002"]
