"""Fifty readers after an invalidation: how many list queries do they make?

A crowd that misses at the same moment and all computes is called a cache stampede,
or a thundering herd. With single flight one computes and the others wait for it.
"""

import contextlib
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lab.consistency.clients import warm
from lab.consistency.environment import WORKERS

READERS, BOOKS = 50, 500
PATH = f"/books?page_size={BOOKS}"
# So many times each worker process may be missed before that is an error.
TRIES = 20


@dataclass(frozen=True, slots=True)
class Round:
    """One crowd: its list queries, worker processes, and times in seconds."""

    queries: int
    workers: int
    query: float
    last: float


def fly(ground, rounds, **variables):
    """Return the Rounds: each time a book is changed, and then all read the list."""
    ground.manage("seed_library", "--books", str(BOOKS), "--verbosity", "0")
    with ground.serve(**variables) as address, contextlib.ExitStack() as stack:
        librarian = ground.librarian(address)
        stack.callback(librarian.close)
        [book] = librarian.send("GET", "/books?page_size=1").document["results"]
        readers = _spread(ground, address, stack)
        warm(librarian, PATH)
        with ThreadPoolExecutor(READERS) as pool:
            return [
                _round(ground, librarian, book["book_id"], readers, pool, number)
                for number in range(rounds)
            ]


def _spread(ground, address, stack):
    """Return readers whose connections are shared out among the worker processes."""
    groups = {}
    for _ in range(TRIES * READERS):
        reader = ground.librarian(address)
        stack.callback(reader.close)
        worker = reader.send("GET", "/tags").headers["X-Worker"]
        groups.setdefault(worker, []).append(reader)
        enough = [group[: READERS // WORKERS] for group in groups.values()]
        if sum(map(len, enough)) == READERS:
            return list(itertools.chain(*enough))
    raise RuntimeError(f"one of the {WORKERS} worker processes answers nobody")


def _round(ground, librarian, book_id, readers, pool, number):
    title = {"title": f"Changed {number} times"}
    answer = librarian.send("PATCH", f"/books/{book_id}", title)
    if answer.status != 200:
        raise RuntimeError(f"the book was not changed: {answer.status}")
    before, barrier = ground.ledger().list_queries, threading.Barrier(READERS)

    def read(reader):
        barrier.wait()
        began = time.monotonic()
        return reader.send("GET", PATH), time.monotonic() - began

    answers = list(pool.map(read, readers))
    computed = [seconds for answer, seconds in answers if answer.source != "hit"]
    return Round(
        queries=ground.ledger().list_queries - before,
        workers=len({answer.headers["X-Worker"] for answer, _ in answers}),
        query=min(computed, default=0.0),
        last=max(seconds for _, seconds in answers),
    )
