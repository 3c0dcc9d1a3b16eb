"""How many rows a query finds, kept and invalidated like an answer.

Counting a million rows takes longer than reading a page of them, and the number is
the same on all pages and in every order. So it is an entry of its own, under the
same stamps as the list: exact, never an estimate.
"""

from hashlib import blake2b

from caching import reads
from caching.entries import Entry
from caching.reads import Plan


class KeptCount:
    """The name of a list's counts and what they depend on."""

    def __init__(self, name, *depends_on):
        self.name, self.depends_on = name, depends_on

    def of(self, filters, rows):
        """Return how many `rows` (a queryset) there are; `filters` tells which.

        Counts them unless that was done since the last write.
        """

        def compute():
            body = str(rows.count()).encode()
            return Entry.of(body, compress_from=len(body) + 1)

        digest = blake2b(filters.encode(), digest_size=8).hexdigest()
        plan = Plan(f"{self.name}:{digest}", self.depends_on)
        [seen] = reads.try_look([plan])
        entry, *_ = reads.obtain(plan, seen, compute)
        return int(entry.body)
