"""What does a miss cost?

The page is requested after everything that was stored has been deleted. This project
makes one query more than the others that prefetch: on a miss it looks the reader up.
"""

from lab.benchmarks.client import query_count
from lab.benchmarks.measure import API, baselines_beside, single, turns

TITLE = "A miss: the same page, with an empty cache"


def ask(servers, plan, results, environment):
    """Measure single requests: the cache is emptied before each."""
    sizes = plan.page_sizes
    for _, books, server in turns("misses", plan.rounds, sizes, servers.values()):
        path = f"{API}?page_size={books}"
        with (
            server.connect() as connection,
            baselines_beside(environment, books, "baselines") as baselines,
        ):
            # Opens the worker's connections to the database and to Redis.
            connection.get(f"{API}?page_size=1")
            for _ in range(plan.misses):
                server.forget()
                answer, figures = single(connection, path, baselines)
                figures["queries"] = query_count(answer)
                results.add("misses", server.name, {"books": books}, **figures)
