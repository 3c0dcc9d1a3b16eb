"""Fifty readers come right after a write: how many query the database?

Without protection every reader that comes before the first answer is stored computes it
(a cache stampede). And how many are shown the list from before the write? The time of
the last answer is compared with that of as many readers of the baseline.
"""

import contextlib
import re
import threading
import time

from lab.benchmarks.client import query_count
from lab.benchmarks.ladder import LADDER
from lab.benchmarks.measure import API, BASELINE, together, turns, warm

TITLE = "A crowd after a write"


def ask(servers, plan, results, environment):
    """Change a book, then read the list with all readers at the same moment."""
    rounds = -(-plan.rounds // 3)
    case = {"readers": plan.crowd, "books": plan.crowd_books}
    for number, _, server in turns("crowd", rounds, [None], servers.values()):
        figures = _round(server, plan, number)
        figures["last_baselines"] = figures["last_ms"] / _baseline(
            environment.baseline, plan
        )
        results.add("crowd", server.name, case, **figures)


def _round(server, plan, number):
    path = f"{API}?page_size={plan.crowd_books}"
    with contextlib.ExitStack() as stack:
        readers = server.spread(plan.crowd, stack)
        if LADDER[server.name].caches:
            warm(readers[0], path)
        book_id = re.search(rb'"book_id":(\d+)', readers[0].get(path).body)[1].decode()
        title = f"Read by a crowd, {number}"
        readers[0].send("PATCH", f"{API}/{book_id}", {"title": title})
        answers, last_ms = _all_at_once(readers, path)
    return {
        "computed": sum(query_count(answer) > 0 for answer in answers),
        "stale": sum(title.encode() not in answer.body for answer in answers),
        "reads": len(answers),
        "last_ms": last_ms,
    }


def _baseline(server, plan):
    """Return after how many ms the last reader has the baseline's answer."""
    path = f"{BASELINE}?page_size={plan.crowd_books}"
    with contextlib.ExitStack() as stack:
        readers = server.spread(plan.crowd, stack)
        for reader in readers:
            reader.get(path)
        return _all_at_once(readers, path)[1]


def _all_at_once(readers, path):
    """Return all answers, and after how many ms the last one came."""
    barrier = threading.Barrier(len(readers))

    def read(number, reader):
        barrier.wait()
        start = time.perf_counter()
        return reader.get(path), time.perf_counter() - start

    answers, seconds = zip(*together(readers, read))
    return answers, 1000 * max(seconds)
