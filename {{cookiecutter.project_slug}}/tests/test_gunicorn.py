"""The server's processes fit the machine."""

import gc
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import psutil
import pytest

from config import workers
from config.buffered import QUEUE_SECONDS
from config.environment import SQLITE_OPTIONS
from tests import live
from tests.live import SECRETS
from tools.polling import wait_until
from tools.ports import free_port

pytestmark = pytest.mark.once

MIB = 1024**2
CONFIG = Path(workers.__file__).with_name("gunicorn.py")


def settings(**environment):
    """Return gunicorn's settings, from our configuration, by name."""
    clean = {"PATH": os.environ["PATH"], "DOTENV": os.devnull, **SECRETS}
    command = (sys.executable, "-m", "gunicorn", "--config", CONFIG, "--print-config")
    with tempfile.TemporaryDirectory() as folder:
        clean["TMPDIR"] = folder
        done = subprocess.run(
            command, env=clean | environment, capture_output=True, text=True, check=True
        )
        assert os.listdir(folder) == []
    return dict(re.findall(r"^(\w+) += (.*)$", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("cpus", "memory", "cache", "count"),
    [
        (2, 256 * MIB, "redis://", 2),
        (8, 256 * MIB, "redis://", 2),
        (2, 100 * MIB, "redis://", 1),
        (3, float("inf"), "redis://", 3),
        (64, float("inf"), "redis://", 3),
        (4, float("inf"), None, 1),
    ],
)
def test_workers_by_cpu_memory_and_cache(cpus, memory, cache, count):
    assert workers.count_that_fit(cpus, memory, cache) == count


def test_the_memory_limit_is_the_containers(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(workers, "MEMORY_LIMITS", (limit,))
    assert workers.memory_limit() == float("inf")
    limit.write_text("max\n")
    assert workers.memory_limit() == float("inf")
    limit.write_text("268435456\n")
    assert workers.memory_limit() == 256 * MIB


def test_the_environment_decides():
    where = {"HOST": "0.0.0.0", "PORT": "8123"}
    found = settings(WEB_CONCURRENCY="3", KEEP_ALIVE_SECONDS="75", **where)
    assert (found["workers"], found["bind"]) == ("3", "['0.0.0.0:8123']")
    assert found["keepalive"] == "75"


@pytest.mark.parametrize(
    ("host", "bind"), [("::", "[::]:8123"), ("[::1]", "[::1]:8123"), ("h", "h:8123")]
)
def test_an_address_of_ipv6_may_be_listened_at(host, bind):
    assert settings(HOST=host, PORT="8123")["bind"] == f"['{bind}']"


def test_what_stands_in_dotenv_decides_too(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("WEB_CONCURRENCY=5\nPORT=8124\n")
    found = settings(DOTENV=str(dotenv), PORT="8123")
    assert (found["workers"], found["bind"]) == ("5", "['127.0.0.1:8123']")


def test_without_a_shared_cache_there_is_one_worker():
    assert settings()["workers"] == "1"


def test_a_request_may_end_before_the_server_does():
    compose = CONFIG.parent.parent / "scripts/docker-compose.yml"
    grace = re.search(r"stop_grace_period: (\d+)s", compose.read_text())[1]
    assert int(settings()["graceful_timeout"]) < int(grace)


def test_a_write_that_waits_gives_up_before_the_server_does():
    waits = QUEUE_SECONDS + SQLITE_OPTIONS["timeout"]
    assert waits < int(settings()["graceful_timeout"])


def test_what_was_loaded_before_the_fork_is_frozen():
    try:
        workers.freeze(None, None)
        assert gc.get_freeze_count() > len(sys.modules)
    finally:
        gc.unfreeze()


@pytest.fixture
def serve(tmp_path):
    """Return a function that serves until a signal ends it; TMPDIR is `folder`."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    env = live.environment(f"sqlite:///{tmp_path / 'db'}", TMPDIR=str(folder))
    env |= {"REDIS_URL": "", "WEB_CONCURRENCY": "1"}
    env.pop("PROMETHEUS_MULTIPROC_DIR", None)
    live.manage("migrate", "--verbosity=0", env=env)

    def run(ending, then=None):
        with live.gunicorn(env) as (_, process):
            seen = os.listdir(folder)
            if then:
                then()
            process.send_signal(ending)
            process.wait(timeout=120)
        return seen

    run.folder = folder
    return run


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_server_leaves_nothing_behind(serve, ending):
    assert len(serve(ending)) == 1
    assert os.listdir(serve.folder) == []


def test_the_next_server_removes_what_a_killed_one_left(serve):
    left = serve(signal.SIGKILL)
    assert os.listdir(serve.folder) == left

    def next_one_removes_it():
        serve(signal.SIGTERM)
        return os.listdir(serve.folder) == []

    # The workers of the killed server use the folder until they notice, for a second.
    wait_until(next_one_removes_it)


def test_a_server_leaves_alone_what_another_uses(serve):
    def start_another():
        seen = os.listdir(serve.folder)
        assert set(seen) < set(serve(signal.SIGTERM))
        assert os.listdir(serve.folder) == seen

    serve(signal.SIGTERM, then=start_another)
    assert os.listdir(serve.folder) == []


def test_workers_are_replaced_and_no_request_is_lost(tmp_path):
    env = live.environment(f"sqlite:///{tmp_path / 'db'}", MAX_REQUESTS="20")
    env |= {"REDIS_URL": "", "WEB_CONCURRENCY": "1"}
    live.manage("migrate", "--verbosity=0", env=env)
    with live.gunicorn(env) as (address, process), httpx.Client() as keeping:

        def ask(get):
            answer = get(f"{address}/common/health-check")
            answer.raise_for_status()
            return psutil.Process(process.pid).children()

        # On one connection, and on a new one each time.
        for get in (keeping.get, httpx.get):
            seen = {worker for _ in range(50) for worker in ask(get)}
            assert len(seen) > 1


def test_it_starts_and_ends_while_redis_is_away(tmp_path, capfd):
    env = live.environment(f"sqlite:///{tmp_path / 'db'}", WEB_CONCURRENCY="1")
    env |= {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    live.manage("migrate", "--verbosity=0", env=env)
    reader = {"email": "r@example.com", "username": "r", "password": "a long secret"}
    with live.gunicorn(env) as (address, process):
        # Its invalidation is still pending when the server ends.
        assert live.send(f"{address}/users", reader)["username"] == "r"
        token = live.log_in(address, reader["email"], reader["password"])
        assert live.send(f"{address}/books", token=token)["count"] == 0
        health = live.send(f"{address}/common/health-check")
        assert (health["status"], health["cache"]) == ("degraded", "unreachable")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
    assert "Traceback" not in capfd.readouterr().err
