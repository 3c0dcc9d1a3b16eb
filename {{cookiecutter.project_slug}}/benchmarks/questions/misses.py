"""What does a miss cost?

The page is asked for after all that was kept has been deleted.
"""

from dataclasses import replace

from benchmarks.measure import API, burst, floor_beside, turns

TITLE = "A miss: the same page, when nothing is kept"


def ask(servers, plan, results, lab):
    """Measure single requests: the cache is emptied before each."""
    once = replace(plan, burst=0, most=1)
    for books, server in turns(
        "misses", plan.rounds, plan.page_sizes, servers.values()
    ):
        path = f"{API}?page_size={books}"
        beside = floor_beside(lab, books)
        with server.connect() as connection, beside as floor:
            # Opens the worker's connections to the database and to Redis.
            connection.get(f"{API}?page_size=1")
            for _ in range(plan.misses):
                server.forget()
                [answer], figures = burst(connection, path, once, 1, floor)
                # Of a single request, the median is its latency.
                for rare in ("p95_ms", "p99_ms", "requests"):
                    del figures[rare]
                case = {"books": books}
                results.add(
                    "misses", server.name, case, queries=answer.queries, **figures
                )
