"""Threads apart for health checks, reads and writes."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

HEALTH, READ, WRITE = "health", "read", "write"
HEALTH_PATH = b"/api/v1/common/health-check"


def sizes(threads: int) -> dict[str, int]:
    """Return how many threads each kind of request has, if so many `threads` read."""
    return {HEALTH: 1, READ: threads, WRITE: max(2, threads // 2)}


class Pools:
    """Threads for each kind of request. A thread that waits holds up its kind alone.

    `threads` read, and half as many write. Each may keep a connection to the
    database (config/connection_limit.py).
    """

    def __init__(self, threads: int) -> None:
        each = sizes(threads)
        self.pools = {kind: ThreadPoolExecutor(n, kind) for kind, n in each.items()}
        self.busy = dict.fromkeys(each, 0)

    def submit(self, handle: Any, conn: Any) -> Future[Any]:
        """Run `handle(conn)` on a thread for the connection's kind of request."""
        self.busy[conn.kind] += 1
        return self.pools[conn.kind].submit(handle, conn)

    def shutdown(self, wait: bool = True) -> None:
        """Take no more requests."""
        for pool in self.pools.values():
            pool.shutdown(wait=wait)


def kind_of(start: bytes) -> str:
    """Return the kind of the request that starts with these bytes."""
    method, _, rest = start.partition(b" ")
    if method not in (b"GET", b"HEAD"):
        return WRITE
    is_health = rest.startswith((HEALTH_PATH + b" ", HEALTH_PATH + b"?"))
    return HEALTH if is_health else READ
