"""Fifty readers after an invalidation: how many list queries do they make?

A cache stampede (or thundering herd) is a crowd whose requests all miss at the same
moment, so that each of them computes the answer. With single flight one request
computes it and the others wait.
"""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lab.consistency.clients import source_of, warm
from lab.consistency.environment import WORKERS
from lab.harness.clients import spread
from tests import live

READERS, BOOKS = 50, 500
PATH = f"/books?page_size={BOOKS}"


@dataclass(frozen=True, slots=True)
class Round:
    """One stampede: list queries, worker processes that answered, and two times.

    `query` is the shortest time of a request that computed, `last` that of the slowest
    request, in seconds.
    """

    queries: int
    workers: int
    query: float
    last: float


def run(environment, rounds, **variables):
    """Change a book, then let all readers read the list; return a Round for each."""
    seed = ("seed_library", "--books", str(BOOKS), "--verbosity", "0")
    live.manage(*seed, env=environment.without_redis())
    with environment.serve(**variables) as address, contextlib.ExitStack() as stack:
        connect = lambda: stack.enter_context(environment.librarian(address))
        librarian = connect()
        [book] = librarian.get("/books?page_size=1").document["results"]
        readers = spread(connect, READERS, WORKERS, _worker_of)
        warm(librarian, PATH)
        with ThreadPoolExecutor(READERS) as pool:
            return [
                _round(environment, librarian, book["book_id"], readers, pool, number)
                for number in range(rounds)
            ]


def _worker_of(reader):
    return reader.get("/tags").header("X-Worker")


def _round(environment, librarian, book_id, readers, pool, number):
    title = {"title": f"Changed {number} times"}
    answer = librarian.send("PATCH", f"/books/{book_id}", title)
    if answer.status != 200:
        raise RuntimeError(f"the book was not changed: {answer.status}")
    before, barrier = environment.history().list_queries, threading.Barrier(READERS)

    def read(reader):
        barrier.wait()
        began = time.monotonic()
        return reader.get(PATH), time.monotonic() - began

    answers = list(pool.map(read, readers))
    computed = [seconds for answer, seconds in answers if source_of(answer) != "hit"]
    return Round(
        queries=environment.history().list_queries - before,
        workers=len({answer.header("X-Worker") for answer, _ in answers}),
        query=min(computed, default=0.0),
        last=max(seconds for _, seconds in answers),
    )
