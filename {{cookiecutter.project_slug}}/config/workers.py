"""How many worker processes a container gets, and what they share."""

import gc
from pathlib import Path
from typing import Any

# Memory of one worker, in bytes: what it was measured to take in the rehearsal, and
# with it one password's hash (users/hashers.py) and room to grow.
IDLE_WORKER_BYTES = 77 * 1024**2
WORKER_BYTES = 110 * 1024**2
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
    """Return how many workers the CPUs and the memory (bytes) are enough for.

    Without a cache that they share, more than one would answer from stale copies.
    """
    if not shared_cache:
        return 1
    return int(max(1, min(cpus, memory // WORKER_BYTES)))


def freeze(server: Any, worker: Any) -> None:
    """Take what was loaded before the fork out of the garbage collector's rounds."""
    gc.freeze()
