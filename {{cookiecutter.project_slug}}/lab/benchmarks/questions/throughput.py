"""How many hits a second?

With one client the strategy's own time shows; with more, what happens when requests
wait for each other. The clients share the machine with the workers. They turn from the
strategy to the floor and back, a moment each. Flush by pattern has a second turn
without that check, behind simplejwt's own one: as it is usually written.
"""

import contextlib
import time
from dataclasses import replace

from lab.benchmarks.client import Refused
from lab.benchmarks.ladder import LADDER
from lab.benchmarks.measure import API, FLOOR, together, turns, warm

SLICES = 4
PATHS = {"floor-token": FLOOR, "flush-reader": "/usual/books"}
TITLE = "Throughput of hits"


def ask(servers, plan, results, lab):
    """Measure requests a second, for each number of clients and each page size."""
    floor = replace(lab.floor, name="floor-token")
    everybody = [*servers.values(), *_usual(servers, plan.load_sizes), floor]
    cases = [(books, many) for books in plan.load_sizes for many in plan.clients]
    rounds = -(-plan.rounds // 2)
    for _, (books, clients), server in turns("throughput", rounds, cases, everybody):
        with contextlib.ExitStack() as stack:
            team, below = Team(server, books), Team(floor, books)
            for each in (team, below):
                each.connect(clients, stack)
            while team.seconds < plan.load:
                for each in (team, below):
                    each.load(plan.load / SLICES)
        results.add(
            "throughput",
            server.name,
            {"books": books, "clients": clients},
            per_second=team.per_second(),
            floor_share=team.per_second() / below.per_second(),
        )


def _usual(servers, sizes):
    """Return flush by pattern as it is usually written, if it is among the servers.

    Raises Refused if it answers otherwise.
    """
    if "flush" not in servers:
        return []
    usual = replace(servers["flush"], name="flush-reader")
    with usual.connect() as connection:
        for query in [f"?page_size={books}" for books in sizes]:
            here, there = (
                connection.get(path + query).body for path in (API, PATHS[usual.name])
            )
            if here != there:
                raise Refused(f"{usual.name} answers otherwise to {query}")
    return [usual]


class Team:
    """Clients that read the same page of a server at the same time."""

    def __init__(self, server, books):
        query = f"?page_size={books}"
        self.server, self.path = server, PATHS.get(server.name, API) + query
        # A reader who is looked up is a query of each request: the check asks none.
        self.kept = (FLOOR if server.name == "floor-token" else API) + query
        self.connections, self.answers, self.seconds = [], 0, 0

    def connect(self, clients, stack):
        """Connect that many clients, and let the answer be cached, where it can be."""
        self.connections = self.server.spread(clients, stack)
        rung = LADDER.get(self.server.name)
        if rung is None or rung.caches:
            for connection in self.connections:
                warm(connection, self.kept)

    def load(self, seconds):
        """Read for so long, each client at least once."""
        start = time.perf_counter()
        deadline = start + seconds

        def read(number, connection):
            request, count = connection.request("GET", self.path), 0
            while count == 0 or time.perf_counter() < deadline:
                connection.exchange(request)
                count += 1
            return count

        self.answers += sum(together(self.connections, read))
        self.seconds += time.perf_counter() - start

    def per_second(self):
        """Return how many answers came in a second."""
        return self.answers / self.seconds
