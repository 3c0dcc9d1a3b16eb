"""Rows by a list of ids, which is sent as one parameter.

Django and the driver prepare each id of a list by itself: for 500 ids that takes longer
than the query. And Django takes as long to make a statement with a join as PostgreSQL
to answer it, so the statement is written by hand.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection

# How to compare with the ids, and how to write them. A subquery, because PostgreSQL
# would look at each id of a list before it plans.
AMONG = {
    "postgresql": ("= ANY ((SELECT %s::bigint[])::bigint[])", "{{{}}}"),
    "sqlite": ("IN (SELECT value FROM json_each(%s))", "[{}]"),
}


def fetch_among(statement: str, ids: Iterable[int]) -> list[tuple[Any, ...]]:
    """Return the rows that a statement finds; its `{among}` compares with the ids."""
    among, array = AMONG[connection.vendor]
    text = array.format(",".join(map(str, ids)))
    with connection.cursor() as cursor:
        cursor.execute(statement.format(among=among), [text])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
