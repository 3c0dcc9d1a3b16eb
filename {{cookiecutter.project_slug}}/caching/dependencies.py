"""What a cached answer depends on, and whether it is still valid. No I/O.

A view declares its dependencies. For one request they are *bound* to its arguments:

    declared                         bound                        stale after a write to
    Table("tags")                    the same                     any row
    Row("books", "book_id")          BoundRow("books", "7")       this row
    Selection("books", "book_id")    BoundSelection("books", …)   see below

A selection is stale after a write to a row that it shows, or to a field that chose its
rows. The table's recent changes show whether there was one (see stamps.py). Databases
have predicate locks for the same purpose. A selection is coarser: it knows which fields
chose its rows, but not which values.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache, reduce
from typing import NamedTuple, Protocol

from caching.stamps import (
    NOTHING,
    QUARANTINE,
    Change,
    Names,
    Stamps,
    changes_since,
    intended_change,
    parse_stamps,
    union,
)

REMEMBERED = 1024
# The arguments of a URL by name: {"book_id": 7}.
Arguments = Mapping[str, object]
# The recent changes of tables by name, as the store holds them. None: there are none.
Recent = Mapping[str, bytes | None]


class Validity(NamedTuple):
    """Whether an answer that is computed now may be stored, and under which version.

    `version` joins the tokens of all stamps that the answer depends on. If there is a
    `reason`, nothing may be served or stored. `changing` are the ids of rows that are
    being written: an answer that shows one of them may not be served or stored.
    """

    version: str
    reason: str = ""
    changing: Names = NOTHING


class BoundDependency(Protocol):
    """A dependency of one request's answer."""

    def stamp_names(self) -> tuple[str, ...]:
        """Return the names of the stamps to read."""

    def validity(self, stamps: Stamps) -> Validity:
        """Return the Validity of an answer with this dependency."""

    def changed_since(self, before: str, now: str, recent: Recent) -> Names | None:
        """Return the ids of rows changed between two versions; None: maybe any."""


class Dependency(Protocol):
    """A dependency as a view declares it."""

    def bind(self, arguments: Arguments, fields: Names) -> BoundDependency:
        """Return the dependency of one request's answer.

        `arguments` are those of the URL. `fields` are the names of the fields that the
        request's query filters and orders by.
        """


class Table(NamedTuple):
    """Depends on every row of a table. Binding changes nothing."""

    name: str

    def bind(self, arguments: Arguments, fields: Names) -> "Table":
        """Return itself."""
        return self

    def stamp_names(self) -> tuple[str, ...]:
        """Return the names of the stamps to read."""
        return (self.name,)

    def validity(self, stamps: Stamps) -> Validity:
        """Return the Validity of an answer with this dependency."""
        token, _, *intents = stamps[self.name]
        return Validity(token, _reason(intents))

    def changed_since(self, before: str, now: str, recent: Recent) -> Names | None:
        """Return no rows if nothing was written; else None."""
        return NOTHING if before == now else None


class Row(NamedTuple):
    """Depends on one row of a table; `argument` of the URL is its id."""

    table: str
    argument: str

    def bind(self, arguments: Arguments, fields: Names) -> "BoundRow":
        """Return the dependency on the row that the URL names."""
        return BoundRow(self.table, str(arguments[self.argument]))


class BoundRow(NamedTuple):
    """Depends on the row of a table with this id."""

    table: str
    id: str

    def stamp_names(self) -> tuple[str, ...]:
        """Return the names of the stamps to read."""
        return (self.table, f"{self.table}:{self.id}")

    def validity(self, stamps: Stamps) -> Validity:
        """Return the Validity of an answer with this dependency."""
        _, epoch, *intents = stamps[self.table]
        version = f"{epoch}.{stamps[f'{self.table}:{self.id}'][0]}"
        mine = [each for each in intents if intended_change(each).may_change(self.id)]
        return Validity(version, _reason(mine))

    def changed_since(self, before: str, now: str, recent: Recent) -> Names | None:
        """Return no rows if nothing was written; else None."""
        return NOTHING if before == now else None


class Selection(NamedTuple):
    """Depends on the rows that a list shows, and on the fields that chose them.

    `id` names the field in the answer's `results` that holds the row's id. `fields` are
    the names of fields that choose the rows in every request.
    """

    table: str
    id: str
    fields: Names = NOTHING

    def bind(self, arguments: Arguments, fields: Names) -> "BoundSelection":
        """Return the dependency of a list that these `fields` chose as well."""
        return BoundSelection(self.table, self.fields | fields)


class BoundSelection(NamedTuple):
    """Depends on the rows that one list shows, and on the fields that chose them."""

    table: str
    fields: Names = NOTHING

    def stamp_names(self) -> tuple[str, ...]:
        """Return the names of the stamps to read."""
        return (self.table,)

    def validity(self, stamps: Stamps) -> Validity:
        """Return the Validity of an answer with this dependency."""
        token, _, *intents = stamps[self.table]
        changing = self._rows_changed_by(map(intended_change, intents))
        if changing is None:
            return Validity(token, _reason(intents))
        return Validity(token, changing=changing)

    def changed_since(self, before: str, now: str, recent: Recent) -> Names | None:
        """Return the ids of rows changed between two versions; None: maybe any."""
        between = changes_since(before, now, recent.get(self.table))
        return None if between is None else self._rows_changed_by(between)

    def _rows_changed_by(self, changes: Iterable[Change]) -> Names | None:
        # None if a change was to any row, or may have changed which rows are shown.
        every = reduce(Change.__or__, changes, Change(NOTHING, NOTHING))
        if every.fields is None or not every.fields.isdisjoint(self.fields):
            return None
        return every.rows


def _reason(intents: list[str]) -> str:
    if not intents:
        return ""
    lost = all(intent.startswith(f"{QUARANTINE}:") for intent in intents)
    return "quarantine" if lost else "write"


@lru_cache(REMEMBERED)
def current_validity(
    depends_on: tuple[BoundDependency, ...],
    texts: tuple[tuple[str, str | None], ...],
) -> Validity:
    """Return the Validity of an answer with all these dependencies.

    `texts` are pairs: a stamp's name, and its text as it was read. Between two writes
    they are the same for every hit, so the result is cached. Raises StampMissing.
    """
    stamps = parse_stamps(dict(texts))
    each = [dependency.validity(stamps) for dependency in depends_on]
    return Validity(
        "+".join(one.version for one in each),
        next((one.reason for one in each if one.reason), ""),
        NOTHING.union(*(one.changing for one in each)),
    )


def rows_changed_since(
    depends_on: tuple[BoundDependency, ...], version: str, now: str, recent: Recent
) -> Names | None:
    """Return the ids of rows changed since an answer was stored under `version`.

    `now` is the current version. None means that any row may have changed: then the
    answer may be stale, whatever it shows.
    """
    if version == now:
        return NOTHING
    before, after = version.split("+"), now.split("+")
    if not len(before) == len(after) == len(depends_on):
        return None
    changed: Names | None = NOTHING
    for dependency, old, new in zip(depends_on, before, after):
        changed = union(changed, dependency.changed_since(old, new, recent))
    return changed
