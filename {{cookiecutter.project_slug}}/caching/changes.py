"""What a write touches, and what the latest writes to a table have touched.

A change is written as `rows:fields`: `7,8:stock`, `*:*` for any of both, `:*` for a row
that is new. A table's *recent changes* are one line of text, readable in redis-cli:

    token token:rows:fields token:rows:fields ...

Each change stands behind the token that the write gave the table's stamp. Whatever was
kept under one of these tokens may be older than the changes behind it, and is as new as
the rest: one that meets none of them is still right. The line says nothing if it does
not end in the stamp's own token (it was lost, or somebody else wrote it), nor of a
token that is not in it any more. The functions here take it as it is in the store:
bytes, or None.
"""

from typing import NamedTuple

ANY = "*"
NOTHING = frozenset()
# From here on a write on single rows is a write on any row.
MAX_ROWS = 500
# Bytes. Older changes make place for new ones.
MAX_RECENT = 4096


class Change(NamedTuple):
    """Which rows (ids) a write touches, and which of their fields; None for any.

    A row that comes or goes is a change of any field: it may change what lists show,
    whatever they are chosen by. A row that is new has no id yet.
    """

    rows: frozenset | None = NOTHING
    fields: frozenset | None = None

    @classmethod
    def of(cls, rows, fields=None):
        """Return the change of these rows' fields, given as any iterables or None."""
        rows = None if rows is None else frozenset(map(str, rows))
        return cls(rows, None if fields is None else frozenset(fields))

    @classmethod
    def read(cls, text):
        """Return the change that str() wrote."""
        rows, _, fields = text.partition(":")
        return cls(_read(rows), _read(fields))

    def __str__(self):
        return f"{_written(self.rows)}:{_written(self.fields)}"

    def __or__(self, other):
        rows, fields = _both(self.rows, other.rows), _both(self.fields, other.fields)
        too_many = rows is not None and len(rows) > MAX_ROWS
        return Change(None if too_many else rows, fields)

    def touches(self, row):
        """Return whether it may change this row."""
        return self.rows is None or row in self.rows


def recent_key(table):
    """Return the key of a table's recent changes."""
    return f"changes:{table}"


def since(token, now, recent):
    """Return the changes after `token` up to the token `now`, or None if unknown."""
    if token == now:
        return []
    items = [item.partition(":")[::2] for item in _items(recent)]
    tokens = [item[0] for item in items]
    if token not in tokens or tokens[-1] != now:
        return None
    return [Change.read(text) for _, text in items[tokens.index(token) + 1 :]]


def with_change(recent, before, token, change):
    """Return the recent changes after one more, from the token `before` to `token`."""
    items = _items(recent)
    if items[-1].partition(":")[0] != before:
        items = [before]
    items.append(f"{token}:{change}")
    while len(" ".join(items)) > MAX_RECENT:
        del items[0]
    return (" ".join(items) or token).encode("ascii")


def _items(recent):
    # What is no text of ours decodes to something that matches nothing.
    return (recent or b"").decode("ascii", "backslashreplace").split(" ")


def _read(names):
    return None if names == ANY else frozenset(filter(None, names.split(",")))


def _written(names):
    return ANY if names is None else ",".join(sorted(names))


def _both(some, others):
    return None if some is None or others is None else some | others
