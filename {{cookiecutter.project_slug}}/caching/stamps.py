"""The stamp protocol, without any I/O.

A *stamp* is a random token for one thing that can change: a table, or a row of it.
An answer is kept together with the tokens of all it depends on, read **before** the
database was asked. It may be served while they are still the same and no write on
them is announced.

A table's stamp is one line of text, readable in redis-cli:

    stamp token epoch [writer:deadline:rows] ...

- The word `stamp` tells it from what somebody else left under its key.
- `token` is renewed by every write to the table.
- `epoch` is renewed by writes whose rows are not known; it is part of every row.
- Each further field is an announced write that has not finished: who, until when
  (milliseconds, the store's clock), and which rows: `*` for any, `7,8`, or nothing
  for a row that is new.

A row's stamp is a token and nothing else: what is announced on it stands in its
table's stamp, which never expires.

Tokens are random and never count up, so a stamp that was lost and made anew can't
match an old answer. (Generation counters, memcached's "namespaces", lack this.)
"""

import re
import secrets
from typing import NamedTuple

MARK = "stamp"
TOKEN = r"[\w-]+"
TABLE_STAMP = re.compile(rf"{MARK} {TOKEN} {TOKEN}( [^ ]+)*", re.ASCII)
ROW_STAMP = re.compile(TOKEN, re.ASCII)
ANY_ROW = "*"
QUARANTINE = "quarantine"


class Table(NamedTuple):
    """Depends on every row of a table: a list does."""

    name: str

    def stamp_names(self):
        """Return the names of the stamps to read."""
        return (self.name,)

    def identity(self, stamps):
        """Return the token, or a Pending that says why nothing may be served."""
        stamp = stamps[self.name]
        if len(stamp) > 2:
            return pending(stamp[2:])
        return stamp[0]


class Row(NamedTuple):
    """Depends on one row of a table: the page of one book does."""

    table: str
    id: str

    def stamp_names(self):
        """Return the names of the stamps to read."""
        return (self.table, f"{self.table}:{self.id}")

    def identity(self, stamps):
        """Return the tokens, or a Pending that says why nothing may be served."""
        stamp = stamps[self.table]
        touching = [field for field in stamp[2:] if touches(field, self.id)]
        if touching:
            return pending(touching)
        return f"{stamp[1]}.{stamps[f'{self.table}:{self.id}'][0]}"


class Pending(NamedTuple):
    """A write is announced on it: answer from the database, keep nothing."""

    reason: str


class Missing(KeyError):
    """A stamp is not in the store (never made, evicted, lost): it must be opened."""


class Stamps(dict):
    """The stamps that were read, as lists of fields, by name."""

    def __missing__(self, name):
        raise Missing(name)


def parse(values):
    """Return the Stamps of {name: text}; leave out what is no stamp of ours."""
    stamps = Stamps()
    for name, text in values.items():
        if text and ":" in name and ROW_STAMP.fullmatch(text):
            stamps[name] = [text]
        elif text and ":" not in name and TABLE_STAMP.fullmatch(text):
            stamps[name] = text.split(" ")[1:]
    return stamps


def render(fields):
    """Return the text of a table's stamp with these fields; parse() reads it."""
    return " ".join([MARK, *fields])


def identity(depends_on, stamps):
    """Return what an answer that depends on these is built from, as one text.

    Returns a Pending while a write on one of them is announced. Raises Missing.
    """
    parts = [dependency.identity(stamps) for dependency in depends_on]
    for part in parts:
        if isinstance(part, Pending):
            return part
    return "+".join(parts)


def pending(fields):
    """Return the Pending of these announcements."""
    lost = all(field.startswith(f"{QUARANTINE}:") for field in fields)
    return Pending("quarantine" if lost else "write")


def touches(field, row):
    """Return whether an announcement may change this row."""
    rows = field.rpartition(":")[2]
    return rows == ANY_ROW or row in rows.split(",")


def rows_field(rows):
    """Return how `rows` (ids, or None for any) is written in an announcement."""
    return ANY_ROW if rows is None else ",".join(str(row) for row in sorted(rows))


def new_token():
    """Return a token that was never used: 72 random bits."""
    return secrets.token_urlsafe(9)
