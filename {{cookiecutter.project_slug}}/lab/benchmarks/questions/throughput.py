"""How many hits a second?

With one client this measures the strategy's own time; with more, also how requests wait
for each other. The clients share the machine with the workers. They switch between the
strategy and the baseline. Flush by pattern is measured twice: once more behind
simplejwt's own check of the token, as it is usually written.
"""

import contextlib
import time
from dataclasses import replace

from lab.benchmarks.client import WrongAnswer
from lab.benchmarks.ladder import LADDER
from lab.benchmarks.load import load
from lab.benchmarks.measure import API, BASELINE, turns, warm

SLICES = 4
PATHS = {"baseline-token": BASELINE, "flush-reader": "/usual/books"}
TITLE = "Throughput of hits"


def ask(servers, plan, results, environment):
    """Measure requests a second, for each number of clients and each page size."""
    baseline = replace(environment.baseline, name="baseline-token")
    everybody = [*servers.values(), *_usual(servers, plan.load_sizes), baseline]
    cases = [(books, many) for books in plan.load_sizes for many in plan.clients]
    rounds = -(-plan.rounds // 2)
    for _, (books, clients), server in turns("throughput", rounds, cases, everybody):
        with contextlib.ExitStack() as stack:
            team, below = Team(server, books), Team(baseline, books)
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
            baseline_share=team.per_second() / below.per_second(),
        )


def _usual(servers, sizes):
    """Return flush by pattern as it is usually written, if it is among the servers.

    Raises WrongAnswer if its answers differ.
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
                raise WrongAnswer(f"{usual.name} answers differently to {query}")
    return [usual]


class Team:
    """Clients that read the same page of a server at the same time."""

    def __init__(self, server, books):
        query = f"?page_size={books}"
        self.server, self.path = server, PATHS.get(server.name, API) + query
        # Where the cache is warmed. At /usual/books a hit takes a query, too: that of
        # the reader.
        self.kept = (BASELINE if server.name == "baseline-token" else API) + query
        self.connections, self.answers, self.seconds = [], 0, 0

    def connect(self, clients, stack):
        """Connect a number of clients, and warm the cache, if there is one."""
        self.connections = self.server.spread(clients, stack)
        rung = LADDER.get(self.server.name)
        if rung is None or rung.caches:
            for connection in self.connections:
                warm(connection, self.kept)

    def load(self, seconds):
        """Read for `seconds`, with each client at least once."""
        start = time.perf_counter()
        request = self.connections[0].request("GET", self.path)
        self.answers += load(self.connections, request, seconds)
        self.seconds += time.perf_counter() - start

    def per_second(self):
        """Return the number of answers a second."""
        return self.answers / self.seconds
