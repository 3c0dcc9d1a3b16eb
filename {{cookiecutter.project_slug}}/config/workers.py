"""How many worker processes a container gets, and what they share."""

import gc
from pathlib import Path

# Memory of one worker, in bytes: 77 MiB measured in the rehearsal, and room to grow.
WORKER_BYTES = 110 * 1024**2
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_limit():
    """Return the container's memory limit in bytes; infinity if it has none."""
    for path in MEMORY_LIMITS:
        if path.is_file() and path.read_text().strip().isdecimal():
            return int(path.read_text())
    return float("inf")


def that_fit(cpus, memory, shared_cache):
    """Return how many workers the CPUs and the memory (bytes) are enough for.

    Without a cache that they share, more than one would answer from stale copies.
    """
    if not shared_cache:
        return 1
    return int(max(1, min(cpus, memory // WORKER_BYTES)))


def freeze(server, worker):
    """Take what was loaded before the fork out of the garbage collector's rounds."""
    gc.freeze()
