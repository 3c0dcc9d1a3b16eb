"""What does a hit cost?

One reader requests the same page again and again, on one connection. Strategies without
a cache compute it each time. The baselines: a view that sends the same bytes and does
nothing else; the same with the token checked as for all strategies (the result of the
signature's check is remembered); the same with the reader looked up in the database
each time, which is usual, but done by none of the strategies here; and a GET of the
bytes in Redis. A machine is faster in one second than in the next, so each strategy
takes turns with the first two baselines, every hundredth of a second, and is compared
with them. After the token, this project also checks in Redis whether the reader may
still read.
"""

import time
from dataclasses import replace

from lab.benchmarks.ladder import LADDER
from lab.benchmarks.measure import (
    API,
    BARE,
    BASELINE,
    BASELINES,
    Series,
    baselines_beside,
    burst,
    latencies,
    turns,
    warm,
)

TITLE = "A hit: one reader, one page, again and again"
PATHS = {
    "baseline-bare": BARE,
    "baseline-token": BASELINE,
    "baseline-reader": "/baseline/reader/books",
}
KEY = "baseline"


def ask(servers, plan, results, environment):
    """Measure each strategy and each baseline at each page size."""
    baselines = [
        replace(environment.baseline, name=name) for name in (*PATHS, "baseline-redis")
    ]
    everybody = [*servers.values(), *baselines]
    for _, books, server in turns("hits", plan.rounds, plan.page_sizes, everybody):
        measure = _get if server.name == "baseline-redis" else _read
        with baselines_beside(environment, books, *BASELINES) as baselines:
            figures = measure(server, books, plan, baselines)
        results.add("hits", server.name, {"books": books}, **figures)


def _read(server, books, plan, baselines):
    path = f"{PATHS.get(server.name, API)}?page_size={books}"
    with server.connect() as connection:
        if server.name in LADDER and LADDER[server.name].caches:
            warm(connection, path)
        else:
            connection.get(path)
        answers, figures = burst(connection, path, plan, baselines)
    return figures | {"bytes": len(answers[-1].sent)}


def _get(server, books, plan, baselines):
    """Return the figures of a Redis GET of the same bytes, without any worker."""
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
    for name, baseline in baselines.items():
        below = Series(*baseline)
        below.ask(plan.most)
        figures[f"p50_{name}"] = figures["p50_ms"] / below.figures()["p50_ms"]
    return figures | {"bytes": len(sent)}
