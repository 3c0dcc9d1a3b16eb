"""The server's processes fit the machine."""

import gc
import runpy
import sys

import pytest

from config import gunicorn

MIB = 1024**2


@pytest.mark.parametrize(
    ("cpus", "memory", "cache", "workers"),
    [
        (2, 256 * MIB, "redis://", 2),
        (8, 256 * MIB, "redis://", 2),
        (2, 100 * MIB, "redis://", 1),
        (4, float("inf"), "redis://", 4),
        (4, float("inf"), None, 1),
    ],
)
def test_workers_by_cpu_memory_and_cache(cpus, memory, cache, workers):
    assert gunicorn.fitting_workers(cpus, memory, cache) == workers


def test_the_memory_limit_is_the_containers(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(gunicorn, "MEMORY_LIMITS", (limit,))
    assert gunicorn.memory_limit() == float("inf")
    limit.write_text("max\n")
    assert gunicorn.memory_limit() == float("inf")
    limit.write_text("268435456\n")
    assert gunicorn.memory_limit() == 256 * MIB


def test_the_environment_decides_and_the_settings_learn_of_it(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setenv("PORT", "8123")
    values = runpy.run_path(gunicorn.__file__)
    assert (values["workers"], values["bind"]) == (3, "127.0.0.1:8123")
    monkeypatch.setenv("WEB_CONCURRENCY", "")
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert runpy.run_path(gunicorn.__file__)["workers"] == 1


def test_what_was_loaded_before_the_fork_is_frozen():
    try:
        gunicorn.post_fork(None, None)
        assert gc.get_freeze_count() > len(sys.modules)
    finally:
        gc.unfreeze()
