"""Fifty readers come right after a write: how many ask the database?

Without a protection all that come before the first answer is kept compute it
(a cache stampede). And who is shown the list as it was before the write?
"""

import contextlib
import re
import threading
import time

from benchmarks.ladder import LADDER
from benchmarks.measure import API, together, turns, warm

TITLE = "A crowd after a write"


def ask(servers, plan, results, lab):
    """Change a book, then let all read the list at the same moment."""
    rounds = -(-plan.rounds // 3)
    everybody = list(servers.values())
    for number, (_, server) in enumerate(turns("crowd", rounds, [None], everybody)):
        case = {"readers": plan.crowd, "books": plan.crowd_books}
        figures = _round(server, plan, number)
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
        barrier = threading.Barrier(plan.crowd)

        def read(number, reader):
            barrier.wait()
            start = time.perf_counter()
            return reader.get(path), time.perf_counter() - start

        answers = together(readers, read)
    return {
        "computed": sum(answer.queries > 0 for answer, _ in answers),
        "stale": sum(title.encode() not in answer.body for answer, _ in answers),
        "last_ms": 1000 * max(seconds for _, seconds in answers),
    }
