"""A slow reader and a write: is the old list stored?

A reader requests a page that is not cached. While it is computed, one of its books is
changed. The reader may be shown the old list, because it asked before the write; but
the old list must not be stored. When both have their answers, the page is read again
and has to show the change. The write begins at a random moment of the time that the
page took before. It is the largest page, because that takes longest.
"""

import random
import re
import time

from lab.benchmarks.ladder import LADDER
from lab.benchmarks.measure import API, together, turns

TITLE = "A slow reader and a write"
BOOK_ID = re.compile(rb'"book_id":(\d+)')


def ask(servers, plan, results, environment):
    """Race a write against a slow reader, `plan.races` times in a round."""
    caching = [each for each in servers.values() if LADDER[each.name].caches]
    rounds, books = -(-plan.rounds // 2), max(plan.page_sizes)
    for number, _, server in turns("races", rounds, [None], caching):
        with server.connect() as reader, server.connect() as writer:
            race = Race(server, reader, writer, f"{API}?page_size={books}")
            dice = random.Random(number)
            stale = sum(race.run(dice) for _ in range(plan.races))
        figures = {"stale": stale, "reads": plan.races}
        results.add("races", server.name, {"books": books}, **figures)


class Race:
    """A slow reader's connection and a writer's, to the same server and page."""

    def __init__(self, server, reader, writer, path):
        self.server, self.connections, self.path = server, (reader, writer), path
        self.server.forget()
        self._read(reader)

    def run(self, dice):
        """Run one race; return whether the page was stale after it."""
        self.server.forget()
        wait, book = dice.uniform(0, self.seconds), self.book
        title = f"Changed meanwhile, {dice.random()}"

        def take_part(number, connection):
            if number == 0:
                return self._read(connection)
            time.sleep(wait)
            connection.send("PATCH", f"{API}/{book}", {"title": title})

        together(self.connections, take_part)
        return title.encode() not in self.connections[0].get(self.path).body

    def _read(self, connection):
        start = time.perf_counter()
        body = connection.get(self.path).body
        self.seconds = time.perf_counter() - start
        self.book = BOOK_ID.search(body)[1].decode()
