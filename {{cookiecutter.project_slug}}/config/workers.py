"""How many worker processes a container gets."""

import gc
import os
from pathlib import Path
from typing import Any

# Memory of one worker, in bytes. Idle, as measured in the rehearsal; and with one
# password's hash (users/hashers.py) and room to grow.
IDLE_WORKER_BYTES = 77 * 1024**2
WORKER_BYTES = 110 * 1024**2
# With more, the threads of two releases need more connections than PostgreSQL's
# default, 100 (config/connection_limit.py).
MOST = 3
# Threads of each worker that read, unless WEB_THREADS says otherwise.
THREADS = 8
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_limit() -> float:
    """Return the container's memory limit in bytes; infinity if it has none."""
    for path in MEMORY_LIMITS:
        if path.is_file() and path.read_text().strip().isdecimal():
            return int(path.read_text())
    return float("inf")


def count_that_fit(cpus: int, memory: float, shared_cache: str | None) -> int:
    """Return how many workers fit: one for each CPU, if the memory (bytes) allows.

    MOST at most. Only one without `shared_cache` (the address of a Redis): each worker
    would have a cache of its own, and not hear of the others' writes.
    """
    if not shared_cache:
        return 1
    return int(max(1, min(cpus, memory // WORKER_BYTES, MOST)))


def processes() -> int:
    """Return how many workers this container gets: WEB_CONCURRENCY, or what fits."""
    fit = count_that_fit(
        os.cpu_count() or 1, memory_limit(), os.environ.get("REDIS_URL")
    )
    return int(os.environ.get("WEB_CONCURRENCY") or fit)


def threads() -> int:
    """Return how many threads of each worker read."""
    return int(os.environ.get("WEB_THREADS") or THREADS)


def freeze(server: Any, worker: Any) -> None:
    """Exclude what was loaded before the fork from garbage collection.

    A collection would write to these objects, and so copy memory that workers share.
    """
    gc.freeze()
