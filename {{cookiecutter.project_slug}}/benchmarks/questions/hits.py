"""What does a hit cost?

One reader asks for the same page again and again, on one connection. Strategies
without a cache compute it each time. The floors: a view that sends the same bytes
and does nothing else, the same with the token checked, and a GET of them in Redis.
Each has its turn with the floor with the token, a hundredth of a second each, and is
held against it: a machine is faster in one second than in the next. That floor checks
the token each time, as all others do; this project checks a token's signature once and
remembers it.
"""

import time
from dataclasses import replace

from benchmarks.ladder import LADDER
from benchmarks.measure import (
    API,
    FLOOR,
    Series,
    burst,
    floor_beside,
    in_floors,
    latencies,
    turns,
    warm,
)

TITLE = "A hit: one reader, one page, again and again"
PATHS = {"floor-bare": "/floor/bare/books", "floor-token": FLOOR}
KEY = "floor"


def ask(servers, plan, results, lab):
    """Measure each strategy and each floor at each page size."""
    floors = [replace(lab.floor, name=name) for name in (*PATHS, "floor-redis")]
    everybody = [*servers.values(), *floors]
    for books, server in turns("hits", plan.rounds, plan.page_sizes, everybody):
        measure = _get if server.name == "floor-redis" else _read
        with floor_beside(lab, books) as floor:
            figures = measure(server, books, plan, floor)
        results.add("hits", server.name, {"books": books}, **figures)


def _read(server, books, plan, floor):
    path = f"{PATHS.get(server.name, API)}?page_size={books}"
    with server.connect() as connection:
        if server.name in LADDER and LADDER[server.name].caches:
            warm(connection, path)
        else:
            connection.get(path)
        answers, figures = burst(connection, path, plan, floor)
    return figures | {"bytes": len(answers[-1].sent)}


def _get(server, books, plan, floor):
    """Return the figures of a GET of the same bytes; no worker has a part in it."""
    with server.connect() as connection:
        sent = connection.get(f"{PATHS['floor-bare']}?page_size={books}").sent
    server.redis.set(KEY, sent)
    took, below = [], Series(*floor)
    for _ in range(plan.most):
        start = time.perf_counter()
        server.redis.get(KEY)
        took.append(time.perf_counter() - start)
    below.ask(plan.most)
    server.redis.delete(KEY)
    figures = latencies(took)
    return figures | in_floors(figures, below.figures()) | {"bytes": len(sent)}
