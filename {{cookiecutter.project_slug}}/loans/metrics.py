"""What the library does, in numbers: `library_…` in /metrics."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter

from common.errors import Conflict
from loans.services import LimitReached

LOANS = Counter("library_loans", "Loans and returns.", ["action"])
CONFLICTS = Counter(
    "library_stock_conflicts", "Loans refused: too few copies were left."
)
# Both are in /metrics from the start, as 0.
BORROWED, RETURNED = LOANS.labels("borrowed"), LOANS.labels("returned")


@contextmanager
def counted_loan() -> Iterator[None]:
    """Count the loan that is made inside, or that too few copies were left for it."""
    try:
        yield
    except LimitReached:
        raise
    except Conflict:
        CONFLICTS.inc()
        raise
    BORROWED.inc()
