"""How much of Redis does an answer take?

Different pages are read, then all keys are counted and their sizes added up, with those
that only help to find or to invalidate. The baseline is the answer itself, as JSON:
this project stores it compressed, and a pickle can be shorter, too.
"""

from lab.benchmarks.ladder import LADDER
from lab.benchmarks.measure import API, turns
from lab.benchmarks.questions.mixed import queries

TITLE = "Redis memory for an answer"


def ask(servers, plan, results, environment):
    """Measure what each strategy stores."""
    caching = [each for each in servers.values() if LADDER[each.name].caches]
    for _, _, server in turns("memory", 1, [None], caching):
        server.forget()
        before = _weigh(server.redis)
        with server.connect() as connection:
            chosen = queries(plan.queries)[: plan.answers]
            paths = [f"{API}?{query}" for query in chosen]
            answers = sum(len(connection.get(path).body) for path in paths)
        keys, size = (a - b for a, b in zip(_weigh(server.redis), before))
        results.add(
            "memory",
            server.name,
            {"answers": len(paths)},
            keys_each=keys / len(paths),
            bytes_each=size / len(paths),
            by_answer=size / answers,
        )


def _weigh(client):
    """Return how many keys there are, and their bytes."""
    keys = list(client.scan_iter(count=1000))
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.memory_usage(key, samples=0)
    return len(keys), sum(pipeline.execute())
