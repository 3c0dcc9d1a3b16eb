"""What does a hit cost?

One reader asks for the same page again and again, on one connection. Strategies
without a cache compute it each time. The floors: a view that sends the same bytes
and does nothing else; the same with the token checked as for all strategies (its
signature once, then it is remembered); the same with its reader looked up in the
database each time, which is usual, and done for none of the strategies here; and a GET
of the bytes in Redis. Each has its turn with the first two floors, a hundredth of a
second each, and is held against them: a machine is faster in one second than in the
next. Beyond the token, this project asks Redis whether its reader may still read.
"""

import time
from dataclasses import replace

from lab.benchmarks.ladder import LADDER
from lab.benchmarks.measure import (
    API,
    BARE,
    FLOOR,
    FLOORS,
    Series,
    burst,
    floors_beside,
    latencies,
    turns,
    warm,
)

TITLE = "A hit: one reader, one page, again and again"
PATHS = {
    "floor-bare": BARE,
    "floor-token": FLOOR,
    "floor-reader": "/floor/reader/books",
}
KEY = "floor"


def ask(servers, plan, results, lab):
    """Measure each strategy and each floor at each page size."""
    floors = [replace(lab.floor, name=name) for name in (*PATHS, "floor-redis")]
    everybody = [*servers.values(), *floors]
    for _, books, server in turns("hits", plan.rounds, plan.page_sizes, everybody):
        measure = _get if server.name == "floor-redis" else _read
        with floors_beside(lab, books, *FLOORS) as floors:
            figures = measure(server, books, plan, floors)
        results.add("hits", server.name, {"books": books}, **figures)


def _read(server, books, plan, floors):
    path = f"{PATHS.get(server.name, API)}?page_size={books}"
    with server.connect() as connection:
        if server.name in LADDER and LADDER[server.name].caches:
            warm(connection, path)
        else:
            connection.get(path)
        answers, figures = burst(connection, path, plan, floors)
    return figures | {"bytes": len(answers[-1].sent)}


def _get(server, books, plan, floors):
    """Return the figures of a GET of the same bytes; no worker has a part in it."""
    with server.connect() as connection:
        sent = connection.get(f"{BARE}?page_size={books}").sent
    server.redis.set(KEY, sent)
    took = []
    for _ in range(plan.most):
        start = time.perf_counter()
        server.redis.get(KEY)
        took.append(time.perf_counter() - start)
    server.redis.delete(KEY)
    figures = latencies(took)
    for name, floor in floors.items():
        below = Series(*floor)
        below.ask(plan.most)
        figures[f"p50_{name}"] = figures["p50_ms"] / below.figures()["p50_ms"]
    return figures | {"bytes": len(sent)}
