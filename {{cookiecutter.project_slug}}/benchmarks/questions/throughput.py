"""How many hits a second?

With one client the strategy's own time shows; with more, what happens when requests
wait for each other. The clients share the machine with the workers.
"""

import contextlib
import time
from dataclasses import replace

from benchmarks.ladder import LADDER
from benchmarks.measure import API, together, turns, warm
from benchmarks.questions.hits import PATHS

TITLE = "Throughput of hits"


def ask(servers, plan, results, lab):
    """Measure requests a second, for each number of clients and each page size."""
    everybody = [*servers.values(), replace(lab.floor, name="floor-token")]
    cases = [(books, many) for books in plan.load_sizes for many in plan.clients]
    rounds = -(-plan.rounds // 2)
    for (books, clients), server in turns("throughput", rounds, cases, everybody):
        path = f"{PATHS.get(server.name, API)}?page_size={books}"
        case = {"books": books, "clients": clients}
        per_second = _load(server, path, clients, plan)
        results.add("throughput", server.name, case, per_second=per_second)


def _load(server, path, clients, plan):
    with contextlib.ExitStack() as stack:
        connections = server.spread(clients, stack)
        if server.name in LADDER and LADDER[server.name].caches:
            warm(connections[0], path)
        start = time.perf_counter()
        deadline = start + plan.load

        def read(number, connection):
            request, count = connection.request("GET", path), 0
            while count == 0 or time.perf_counter() < deadline:
                connection.exchange(request)
                count += 1
            return count

        count = sum(together(connections, read))
        return count / (time.perf_counter() - start)
