"""What does a miss cost?

The page is asked for after all that was kept has been deleted.
"""

from dataclasses import replace

from benchmarks.measure import API, burst, turns

TITLE = "A miss: the same page, when nothing is kept"


def ask(servers, plan, results, lab):
    """Measure single requests: the cache is emptied before each."""
    once = replace(plan, burst=0, most=1)
    for books, server in turns(
        "misses", plan.rounds, plan.page_sizes, servers.values()
    ):
        path = f"{API}?page_size={books}"
        with server.connect() as connection:
            # Opens the worker's connections to the database and to Redis.
            connection.get(f"{API}?page_size=1")
            for _ in range(plan.misses):
                server.forget()
                [answer], figures = burst(connection, path, once, least=1)
                results.add(
                    "misses",
                    server.name,
                    {"books": books},
                    queries=answer.queries,
                    cpu_ms=figures["cpu_ms"],
                    # Of a single request: its latency.
                    p50_ms=figures["p50_ms"],
                )
