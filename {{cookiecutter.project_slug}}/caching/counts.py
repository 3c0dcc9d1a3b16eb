"""How many rows a query finds, stored and invalidated like an answer.

Counting a million rows takes longer than reading one page of them, and the number is
the same on every page and in every order. So it has an entry of its own. It is exact,
never an estimate. It shows no rows, so only a write to a field that the query filters
by, or a row that comes or goes, can change it.
"""

from hashlib import blake2b
from typing import Any, Protocol

from django.db.models import QuerySet

from caching import reads
from caching.conf import conf
from caching.dependencies import Dependency
from caching.entries import Entry
from caching.reads import CacheSpec, entry_key
from caching.stamps import Names


class Filters(Protocol):
    """What a list is filtered by."""

    def to_query_string(self) -> str:
        """Return the filters as text: equal filters give equal texts."""

    def fields_used(self) -> Names:
        """Return the names of the model's fields that are filtered by."""


class KeptCount:
    """Keeps the counts of one list. `name` begins the keys of their entries."""

    def __init__(self, name: str, *depends_on: Dependency) -> None:
        self.name, self.depends_on = name, depends_on

    def get_or_count(self, filters: Filters, rows: QuerySet[Any]) -> int:
        """Return how many `rows` there are: those that `filters` find.

        Counts them in the database only if no valid count is stored.
        """

        def compute() -> Entry:
            return Entry.build(str(rows.count()).encode())

        text = filters.to_query_string()
        digest = blake2b(text.encode(), digest_size=8).hexdigest()
        bound = (each.bind({}, filters.fields_used()) for each in self.depends_on)
        key = entry_key(conf().release, self.name, digest)
        spec = CacheSpec(key, tuple(bound))
        [found] = reads.try_lookup([spec])
        return int(reads.get_or_compute(spec, found, compute).entry.body)
