"""How much is measured, for each size."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How much each question measures. Times are in seconds."""

    rounds: int
    # A burst of requests: its seconds, and the most requests in it (at least three).
    burst: float
    most: int
    page_sizes: tuple
    misses: int
    # Throughput: numbers of clients, seconds, and page sizes.
    clients: tuple
    load: float
    load_sizes: tuple
    # Writes: numbers of keys in Redis, and how many writes are timed.
    keys: tuple
    writes: int
    # A crowd after a write: readers, and books on the page.
    crowd: int
    crowd_books: int
    # Races of a slow reader and a write, in each of half the rounds.
    races: int
    # Mixed: writes per hundred requests, different queries, and seconds.
    mixes: tuple
    queries: int
    mix: float
    # Memory: answers of which the size is measured.
    answers: int
    # Growth: numbers of books in PostgreSQL.
    books: tuple


PLANS = {
    "tiny": Plan(
        rounds=1,
        burst=0.01,
        most=5,
        page_sizes=(20,),
        misses=1,
        clients=(2,),
        load=0.1,
        load_sizes=(20,),
        keys=(10, 100),
        writes=2,
        crowd=4,
        crowd_books=20,
        races=2,
        mixes=(20,),
        queries=10,
        mix=0.3,
        answers=10,
        books=(500, 1000),
    ),
    "quick": Plan(
        rounds=4,
        burst=0.2,
        most=150,
        page_sizes=(20, 100, 500),
        misses=2,
        clients=(1, 8),
        load=0.3,
        load_sizes=(500,),
        keys=(10**3, 10**4, 10**5),
        writes=20,
        crowd=50,
        crowd_books=100,
        races=15,
        mixes=(1, 5, 20),
        queries=200,
        mix=0.7,
        answers=50,
        books=(10**3, 10**4, 10**5),
    ),
    "full": Plan(
        rounds=7,
        burst=0.3,
        most=300,
        page_sizes=(20, 100, 500),
        misses=8,
        clients=(1, 8),
        load=0.5,
        load_sizes=(20, 500),
        keys=(10**3, 10**4, 10**5, 10**6),
        writes=40,
        crowd=50,
        crowd_books=500,
        races=15,
        mixes=(1, 5, 20),
        queries=200,
        mix=2,
        answers=200,
        books=(10**3, 10**4, 10**5, 10**6),
    ),
}
