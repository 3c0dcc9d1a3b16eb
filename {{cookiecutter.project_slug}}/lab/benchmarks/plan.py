"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The sizes of all questions. Times are in seconds."""

    rounds: int
    # One burst of requests: its length; it ends after `most` requests, and has three
    # at least.
    burst: float
    most: int
    page_sizes: tuple
    misses: int
    # Throughput: clients that read at the same time.
    clients: tuple
    load: float
    load_sizes: tuple
    # A write: how many keys Redis holds meanwhile, and how many writes are timed.
    keys: tuple
    writes: int
    # After a write.
    crowd: int
    crowd_books: int
    # Slow readers with a write meanwhile, in each of half the rounds.
    races: int
    # Writes per hundred requests, the number of different queries, and seconds.
    mixes: tuple
    queries: int
    mix: float
    # Memory: answers that are weighed.
    answers: int
    # Growth: books in PostgreSQL.
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
