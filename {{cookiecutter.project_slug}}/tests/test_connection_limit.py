"""The database takes as many connections as the API's threads may open."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

import psycopg
import pytest

from config import workers
from config.connection_limit import needed
from config.pools import sizes
from tests import live, servers
from tests.left_out import or_left_out

pytestmark = pytest.mark.once

ROOT = Path(workers.__file__).parents[1]
# Of those that a PostgreSQL accepts, administrators keep three.
DEFAULT, KEPT = 100, 3
CROWD = 40


@pytest.fixture(scope="module")
def database():
    with or_left_out(), servers.postgres() as server:
        with servers.new_database(server) as url:
            yield url


def wait_for_database(url, **environment):
    env = live.environment(url, **environment)
    command = (sys.executable, "-m", "config.wait_for_database")
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def test_what_may_need_too_many_is_refused_in_one_line(database):
    done = wait_for_database(database, WEB_CONCURRENCY="4", WEB_THREADS="40")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "WEB_THREADS=40 may need 489 connections" in line
    most = int(re.search(r"accepted: WEB_THREADS up to (\d+)$", line)[1])
    for threads, code in ((most, 0), (most + 2, 1)):
        done = wait_for_database(
            database, WEB_CONCURRENCY="4", WEB_THREADS=str(threads)
        )
        assert done.returncode == code, done.stderr


def test_more_processes_than_connections_are_refused(database):
    done = wait_for_database(database, WEB_CONCURRENCY="100", WEB_THREADS="1")
    assert done.returncode == 1
    assert done.stderr.endswith("accepted: fewer processes\n")


def test_without_a_word_the_connections_suffice(database):
    assert wait_for_database(database).returncode == 0
    most = workers.count_that_fit(64, float("inf"), "redis://")
    assert needed(most, workers.THREADS) <= DEFAULT - KEPT


def test_on_the_server_the_connections_suffice():
    text = (ROOT / "scripts/docker-compose.yml").read_text(encoding="utf-8")
    memory = int(re.search(r"mem_limit: (\d+)m", text)[1]) * 1024**2
    taken = int(re.search(r"max_connections=(\d+)", text)[1])
    most = workers.count_that_fit(64, memory, "redis://")
    assert needed(most, workers.THREADS) <= taken - KEPT


def test_a_crowd_opens_no_more_than_one_for_each_thread(database):
    threads = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "2"}
    env = live.environment(database, **threads)
    live.manage("migrate", "--verbosity=0", env=env)
    live.manage("seed_library", "--books", "5", env=env)
    who = {"email": "boss@example.com", "password": "a long unlikely phrase"}
    live.create_superuser(env=env, **who)
    with live.gunicorn(env) as (address, _), ThreadPoolExecutor(CROWD) as crowd:
        token = live.log_in(address, **who)

        def ask(number):
            try:
                live.send(f"{address}/books?title={number}", token=token)
                live.send(f"{address}/common/health-check")
                live.send(f"{address}/loans", {"book_id": 1}, token)
            except HTTPError as error:  # the librarian has it already
                error.close()

        asked = [crowd.submit(ask, number) for number in range(3 * CROWD)]
        seen = set()
        with psycopg.connect(database, autocommit=True) as own:
            while not all(each.done() for each in asked):
                [(count,)] = own.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid <> "
                    "pg_backend_pid() AND datname = current_database()"
                ).fetchall()
                seen.add(count)
    assert 2 < max(seen) <= sum(sizes(2).values())
