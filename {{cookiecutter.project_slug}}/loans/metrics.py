"""What the library does, in numbers: `library_…` in /metrics."""

from prometheus_client import Counter

LOANS = Counter("library_loans", "Loans and returns.", ["action"])
CONFLICTS = Counter(
    "library_stock_conflicts", "Loans refused: too few copies were left."
)
# Both are in /metrics from the start, as 0.
BORROWED, RETURNED = LOANS.labels("borrowed"), LOANS.labels("returned")
