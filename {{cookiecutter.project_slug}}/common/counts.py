"""How many rows a query finds, stored and invalidated like an answer.

Counting a million rows takes longer than reading a page of them, and the number is
the same on all pages and in every order. So it is an entry of its own: exact, never an
estimate. It shows no rows, so only what it is filtered by can make it old.
"""

from hashlib import blake2b
from typing import Any

from django.db.models import QuerySet

from caching import reads
from caching.conf import conf
from caching.dependencies import Dependency
from caching.entries import Entry
from caching.reads import CacheSpec, entry_key
from common.queries import PageQuery


class KeptCount:
    """The name of a list's counts and what they depend on."""

    def __init__(self, name: str, *depends_on: Dependency) -> None:
        self.name, self.depends_on = name, depends_on

    def get_or_count(self, filters: PageQuery, rows: QuerySet[Any]) -> int:
        """Return how many rows there are: `rows` is a queryset, `filters` its query.

        Counts them unless that was done since a write that may change their number.
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
