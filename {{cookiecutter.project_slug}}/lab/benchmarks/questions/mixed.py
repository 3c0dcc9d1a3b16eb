"""Reads and writes together: how fast, how often from the cache, and how stale?

Eight clients read 200 different pages, a few of them often and most of them seldom
(Zipf's law). Now and then one changes a book: in three of four cases its stock, as a
loan does, else its title. A read is stale if it shows a book without a write that was
acknowledged, or shown to another client, before the read was sent.
"""

import contextlib
import itertools
import json
import random
import re
import time

from lab.benchmarks.client import query_count
from lab.benchmarks.measure import API, together, turns
from lab.harness.checker import Checker

TITLE = "Reads and writes together"
CLIENTS = 8
BOOK = re.compile(
    rb'"book_id":(\d+),[^{}]*?"title":"([^"]*?)(?: v(\d+))?",[^{}]*?"stock":(\d+)'
)
# Every stock is smaller at first. A write sets it to this plus the write's version.
STOCK = 1000


def queries(number):
    """Return `number` different query strings, the most popular first."""
    words = ("river", "garden", "city", "map", "island")
    pages = [f"page={page}" for page in range(1, 26)]
    kinds = [pages, [f"order_by=title&{page}" for page in pages]]
    kinds += [[f"title={word}&page={page}" for page in (1, 2)] for word in words]
    kinds += [[f"tag={tag}&{page}" for page in pages[:2]] for tag in range(1, 21)]
    kinds += [[f"author={word}"] for word in ("kim", "lee", "park", "choi", "novak")]
    pairs = itertools.combinations(range(1, 21), 2)
    kinds.append([f"tag={a}&tag={b}&tag_option=or" for a, b in pairs])
    found = [f"{query}&page_size=20" for query in itertools.chain(*kinds)][:number]
    random.Random(1).shuffle(found)
    return found


def ask(servers, plan, results, environment):
    """Measure the mix, for each share of writes."""
    checkers = {name: Checker() for name in servers}
    found = queries(plan.queries)
    titles = {server.name: _titles(server) for server in servers.values()}
    for server in servers.values():
        server.forget()
    rounds = -(-plan.rounds // 2)
    for number, share, server in turns("mixed", rounds, plan.mixes, servers.values()):
        mix = Mix(checkers[server.name], titles[server.name], found, share, number)
        results.add(
            "mixed", server.name, {"writes": share}, **mix.run(server, plan.mix)
        )


class Mix:
    """One round with one strategy."""

    def __init__(self, checker, titles, found, share, number):
        self.checker, self.titles, self.found = checker, titles, found
        self.share, self.number = share, number
        self.ranks = list(itertools.accumulate(1 / r for r in range(1, len(found) + 1)))
        self.counts, self.stale = checker.reset()

    def run(self, server, seconds):
        """Run for `seconds`; return the figures."""
        with contextlib.ExitStack() as stack:
            connections = server.spread(CLIENTS, stack)
            start = time.perf_counter()
            self.deadline = start + seconds
            together(connections, self._work)
            took = time.perf_counter() - start
        reads, writes = self.counts["reads"], self.counts["writes"]
        return {
            "per_second": (reads + writes) / took,
            "hit_ratio": self.counts["hit"] / max(1, reads),
            "stale": len(self.stale),
            "stale_per_10000": 10_000 * len(self.stale) / max(1, reads),
            "reads": reads,
            "writes": writes,
        }

    def _work(self, number, connection):
        dice = new_dice(self.number, self.share, number)
        # No book has two writers: a later write must make a later version.
        mine = sorted(self.titles)[number::CLIENTS]
        while time.perf_counter() < self.deadline:
            if dice.random() * 100 < self.share:
                self._write(connection, dice.choice(mine), dice)
            else:
                [query] = dice.choices(self.found, cum_weights=self.ranks)
                self._read(connection, f"{API}?{query}")

    def _read(self, connection, path):
        read = self.checker.begin_read()
        answer = connection.get(path)
        source = "miss" if query_count(answer) else "hit"
        self.checker.end_read(
            read, versions(answer), path=path, source=source, worker=""
        )

    def _write(self, connection, book, dice):
        kind = "title" if dice.random() < 0.25 else "stock"
        write = self.checker.begin_write((kind, book))
        value = STOCK + write.version
        if kind == "title":
            value = f"{self.titles[book]} v{write.version}"
        connection.send("PATCH", f"{API}/{book}", {kind: value})
        self.checker.acknowledge((kind, book), write)


def new_dice(number, share, client):
    """Return a client's Random for one round; it is the same for all strategies."""
    return random.Random(f"{number}, {share}, {client}")


def versions(answer):
    """Return {(kind, book): version} of everything that an answer shows."""
    found = {}
    for book, _, version, stock in BOOK.findall(answer.body):
        found["title", int(book)] = int(version or 0)
        found["stock", int(book)] = max(0, int(stock) - STOCK)
    return found


def _titles(server):
    """Return {book: title}, without a version."""
    titles, path = {}, f"{API}?page_size=500"
    with server.connect() as connection:
        while path:
            body = connection.get(path).body
            titles |= {int(b): title.decode() for b, title, *_ in BOOK.findall(body)}
            path = json.loads(body)["next"]
    return titles
