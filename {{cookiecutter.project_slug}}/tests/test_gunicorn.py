"""The server's processes fit the machine."""

import gc
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config import workers
from tests.live import SECRETS

pytestmark = pytest.mark.once

MIB = 1024**2
CONFIG = Path(workers.__file__).with_name("gunicorn.py")


def settings(**environment):
    """Return what gunicorn makes of our configuration, by name."""
    clean = {"PATH": os.environ["PATH"], "DOTENV": os.devnull, **SECRETS}
    clean["PROMETHEUS_MULTIPROC_DIR"] = tempfile.gettempdir()
    command = (sys.executable, "-m", "gunicorn", "--config", CONFIG, "--print-config")
    done = subprocess.run(
        command, env=clean | environment, capture_output=True, text=True, check=True
    )
    return dict(re.findall(r"^(\w+) += (.*)$", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("cpus", "memory", "cache", "count"),
    [
        (2, 256 * MIB, "redis://", 2),
        (8, 256 * MIB, "redis://", 2),
        (2, 100 * MIB, "redis://", 1),
        (4, float("inf"), "redis://", 4),
        (4, float("inf"), None, 1),
    ],
)
def test_workers_by_cpu_memory_and_cache(cpus, memory, cache, count):
    assert workers.that_fit(cpus, memory, cache) == count


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


def test_what_was_loaded_before_the_fork_is_frozen():
    try:
        workers.freeze(None, None)
        assert gc.get_freeze_count() > len(sys.modules)
    finally:
        gc.unfreeze()
