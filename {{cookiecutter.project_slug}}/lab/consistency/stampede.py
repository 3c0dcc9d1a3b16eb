"""Fifty readers after an invalidation: how many list queries do they make?

A crowd that misses at the same moment and all computes is called a cache stampede,
or a thundering herd. With single flight one computes and the others wait for it.
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
    """One crowd: its list queries, worker processes, and times in seconds."""

    queries: int
    workers: int
    query: float
    last: float


def fly(ground, rounds, **variables):
    """Return the Rounds: each time a book is changed, and then all read the list."""
    seed = ("seed_library", "--books", str(BOOKS), "--verbosity", "0")
    live.manage(*seed, env=ground.without_redis())
    with ground.serve(**variables) as address, contextlib.ExitStack() as stack:
        connect = lambda: stack.enter_context(ground.librarian(address))
        librarian = connect()
        [book] = librarian.get("/books?page_size=1").document["results"]
        readers = spread(connect, READERS, WORKERS, _worker_of)
        warm(librarian, PATH)
        with ThreadPoolExecutor(READERS) as pool:
            return [
                _round(ground, librarian, book["book_id"], readers, pool, number)
                for number in range(rounds)
            ]


def _worker_of(reader):
    return reader.get("/tags").header("X-Worker")


def _round(ground, librarian, book_id, readers, pool, number):
    title = {"title": f"Changed {number} times"}
    answer = librarian.send("PATCH", f"/books/{book_id}", title)
    if answer.status != 200:
        raise RuntimeError(f"the book was not changed: {answer.status}")
    before, barrier = ground.ledger().list_queries, threading.Barrier(READERS)

    def read(reader):
        barrier.wait()
        began = time.monotonic()
        return reader.get(PATH), time.monotonic() - began

    answers = list(pool.map(read, readers))
    computed = [seconds for answer, seconds in answers if source_of(answer) != "hit"]
    return Round(
        queries=ground.ledger().list_queries - before,
        workers=len({answer.header("X-Worker") for answer, _ in answers}),
        query=min(computed, default=0.0),
        last=max(seconds for _, seconds in answers),
    )
