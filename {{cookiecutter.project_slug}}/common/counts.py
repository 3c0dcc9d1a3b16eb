"""How many rows a query finds, kept and invalidated like an answer.

Counting a million rows takes longer than reading a page of them, and the number is
the same on all pages and in every order. So it is an entry of its own: exact, never an
estimate. It shows no rows, so only what it is filtered by can make it old.
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
        """Return how many rows there are: `rows` is a queryset, `filters` its query.

        Counts them unless that was done since a write that may change their number.
        """

        def compute():
            body = str(rows.count()).encode()
            return Entry.of(body, compress_from=len(body) + 1)

        text = filters.to_query_string()
        digest = blake2b(text.encode(), digest_size=8).hexdigest()
        depends_on = (d.of({}, filters.fields_used()) for d in self.depends_on)
        plan = Plan(f"{self.name}:{digest}", tuple(depends_on))
        [seen] = reads.try_look([plan])
        entry, *_ = reads.obtain(plan, seen, compute)
        return int(entry.body)
