"""Pages that begin after a row instead of at a number (keyset paging, "seek").

For page 10,000 the database reads the 9,999 pages before it and drops them. The rows
after a known row are found in the index at once, however deep they are. And a row that
is added or removed in the meantime does not shift the next page.

Rows are ordered by one column, and those with equal values by descending id; without a
column, by descending id alone.

Source: M. Winand, "We need tool support for keyset pagination", use-the-index-luke.com.
"""

from typing import Any, NamedTuple

from django.db.models import QuerySet


class Place(NamedTuple):
    """A row's value in the column that the list is ordered by, and its id."""

    value: object
    pk: int

    def __str__(self) -> str:
        return str(self.pk) if self.value is None else f"{self.value}:{self.pk}"


def rows_after(rows: QuerySet[Any], order_by: str, place: Place) -> QuerySet[Any]:
    """Return the part of `rows` that comes after a Place in this order.

    `order_by` is a column's name, with "-" before it for descending order, or empty.
    """
    if not order_by:
        return rows.filter(pk__lt=place.pk)
    column = order_by.removeprefix("-")
    at_or_beyond = "lte" if order_by.startswith("-") else "gte"
    # Not `value > x OR (value = x AND …)`: the database can start in the index at the
    # place only if one condition on the column holds for every row.
    rows = rows.filter(**{f"{column}__{at_or_beyond}": place.value})
    return rows.exclude(**{column: place.value}, pk__gte=place.pk)
