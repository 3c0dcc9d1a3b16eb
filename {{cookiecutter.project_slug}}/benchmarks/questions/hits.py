"""What does a hit cost?

One reader asks for the same page again and again, on one connection. Strategies
without a cache compute it each time. The floors: a view that sends the same bytes
and does nothing else, the same with the token checked, and a GET of them in Redis.
"""

import time
from dataclasses import replace

from benchmarks.ladder import LADDER
from benchmarks.measure import API, burst, latencies, turns, warm

TITLE = "A hit: one reader, one page, again and again"
PATHS = {"floor-bare": "/floor/bare/books", "floor-token": "/floor/token/books"}
KEY = "floor"


def ask(servers, plan, results, lab):
    """Measure each strategy and each floor at each page size."""
    everybody = list(servers.values())
    ours = servers.get("ours")
    if ours:
        everybody += [replace(ours, name=name) for name in (*PATHS, "floor-redis")]
    for books, server in turns("hits", plan.rounds, plan.page_sizes, everybody):
        if server.name == "floor-redis":
            figures = _get(server, books, plan)
        else:
            figures = _read(server, books, plan)
        results.add("hits", server.name, {"books": books}, **figures)


def _read(server, books, plan):
    path = f"{PATHS.get(server.name, API)}?page_size={books}"
    with server.connect() as connection:
        if server.name in LADDER and LADDER[server.name].caches:
            warm(connection, path)
        else:
            connection.get(path)
        answers, figures = burst(connection, path, plan)
    return figures | {"bytes": len(answers[-1].sent)}


def _get(server, books, plan):
    """Return the figures of a GET of the same bytes; no worker has a part in it."""
    with server.connect() as connection:
        sent = connection.get(f"{PATHS['floor-bare']}?page_size={books}").sent
    server.redis.set(KEY, sent)
    took = []
    for _ in range(plan.most):
        start = time.perf_counter()
        server.redis.get(KEY)
        took.append(time.perf_counter() - start)
    server.redis.delete(KEY)
    return latencies(took) | {"bytes": len(sent)}
