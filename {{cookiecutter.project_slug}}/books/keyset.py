"""Pages that begin after a row instead of at a number (keyset paging, "seek").

Page 10,000 makes the database read, and drop, what is on the 9,999 pages before it.
What comes after a known row is found in the index at once, however deep; and a row
that is added or removed meanwhile shifts nobody's next page.

The order is that of a column, equal values by descending id; no column: ids alone.
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
    """Return those of `rows` that come after a Place in this order.

    `order_by` is a column's name, "-" in front of it for descending, or empty.
    """
    if not order_by:
        return rows.filter(pk__lt=place.pk)
    column = order_by.removeprefix("-")
    at_or_beyond = "lte" if order_by.startswith("-") else "gte"
    # Not `value > x OR (value = x AND …)`: only a condition that stands alone lets a
    # database enter the index at the place.
    rows = rows.filter(**{f"{column}__{at_or_beyond}": place.value})
    return rows.exclude(**{column: place.value}, pk__gte=place.pk)
