"""The stamp protocol, without any I/O.

A *stamp* is a random token for one thing that can change: a table, or a row of it.
An answer is kept together with the tokens of all it depends on, read **before** the
database was asked. It may be served while they are still the same and no write on
them is announced.

A table's stamp is one line of text, readable in redis-cli:

    stamp token epoch [writer:deadline:rows:fields] ...

- The word `stamp` tells it from what somebody else left under its key.
- `token` is renewed by every write to the table.
- `epoch` is renewed by writes whose rows are not known; it is part of every row.
- Each further field is an announced write that has not finished: who, until when
  (milliseconds, the store's clock), and what it changes (see changes.py).

A row's stamp is a token and nothing else: what is announced on it stands in its
table's stamp, which never expires.

An answer that depends on a table is old after every write to it. One that depends on a
Selection of its rows is not: the table's recent changes may tell that no write since
then has met what it shows, or how that was chosen. (Predicate locks in databases have
the same aim; here it is coarser: fields, not values.)

Tokens are random and never count up, so a stamp that was lost and made anew can't
match an old answer. (Generation counters, memcached's "namespaces", lack this.)
"""

import re
import secrets
from functools import lru_cache, reduce
from typing import NamedTuple

from caching import changes
from caching.changes import NOTHING, Change

MARK = "stamp"
TOKEN = r"[\w-]+"
ANNOUNCEMENT = r"[^ :]+:\d+:[^ :]*:[^ :]*"
TABLE_STAMP = re.compile(rf"{MARK} {TOKEN} {TOKEN}( {ANNOUNCEMENT})*", re.ASCII)
ROW_STAMP = re.compile(TOKEN, re.ASCII)
QUARANTINE = "quarantine"
REMEMBERED = 1024


class Standing(NamedTuple):
    """What an answer that was read now is built from, and what speaks against it.

    `reason` says why nothing may be served or kept. `touched` are rows that a write is
    announced on: an answer that shows one of them may not be served or kept either.
    """

    identity: str
    reason: str = ""
    touched: frozenset = NOTHING

    @classmethod
    def of(cls, identity, announced):
        """Return that of a dependency on which all this is announced."""
        if not announced:
            return cls(identity)
        lost = all(field.startswith(f"{QUARANTINE}:") for field in announced)
        return cls(identity, "quarantine" if lost else "write")


class Release(NamedTuple):
    """Depends on which release computes it."""

    name: str

    def standing(self, stamps):
        """Return the Standing of an answer that depends on it."""
        return Standing(self.name)

    def touched_since(self, before, now, recent):
        """Return no rows if these are one release, else None."""
        return NOTHING if before == now else None


class Table(NamedTuple):
    """Depends on every row of a table."""

    name: str

    def of(self, arguments, fields):
        """Return the dependency of one request's answer."""
        return self

    def stamp_names(self):
        """Return the names of the stamps to read."""
        return (self.name,)

    def standing(self, stamps):
        """Return the Standing of an answer that depends on it."""
        return Standing.of(stamps[self.name][0], stamps[self.name][2:])

    touched_since = Release.touched_since


class Row(NamedTuple):
    """Depends on one row of a table: the page of one book does."""

    table: str
    id: str

    def of(self, arguments, fields):
        """Return the dependency of one request's answer: `id` names an argument."""
        return Row(self.table, str(arguments[self.id]))

    def stamp_names(self):
        """Return the names of the stamps to read."""
        return (self.table, f"{self.table}:{self.id}")

    def standing(self, stamps):
        """Return the Standing of an answer that depends on it."""
        _, epoch, *announced = stamps[self.table]
        token = f"{epoch}.{stamps[f'{self.table}:{self.id}'][0]}"
        touching = [f for f in announced if change_of(f).touches(self.id)]
        return Standing.of(token, touching)

    touched_since = Release.touched_since


class Selection(NamedTuple):
    """Depends on the rows that a list shows, and on the fields that chose them.

    `id` names the field of the answer's `results` that is the row's id. `fields` are
    those that it is filtered and ordered by, besides those that a request asks for.
    """

    table: str
    id: str
    fields: frozenset = NOTHING

    def of(self, arguments, fields):
        """Return the dependency of one request's answer, which was chosen by these."""
        return self._replace(fields=self.fields | fields)

    def stamp_names(self):
        """Return the names of the stamps to read."""
        return (self.table,)

    def standing(self, stamps):
        """Return the Standing of an answer that depends on it."""
        token, _, *announced = stamps[self.table]
        touched = self._touched(map(change_of, announced)) if announced else NOTHING
        if touched is None:
            return Standing.of(token, announced)
        return Standing(token, touched=touched)

    def touched_since(self, token, now, recent):
        """Return the rows that changed, by {table: recent changes}; None for any."""
        between = changes.since(token, now, recent.get(self.table))
        return None if between is None else self._touched(between)

    def _touched(self, between):
        # None if one changed which rows are shown, or any row.
        every = reduce(Change.__or__, between, Change(NOTHING, NOTHING))
        if every.fields is None or not every.fields.isdisjoint(self.fields):
            return None
        return every.rows


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


@lru_cache(REMEMBERED)
def standing(depends_on, texts):
    """Return the Standing of an answer that depends on all these. Raises Missing.

    `texts` are the stamps as they were read, a (name, text) each. From one write to the
    next they are the same for every hit, so what they say is remembered.
    """
    stamps = parse(dict(texts))
    each = [dependency.standing(stamps) for dependency in depends_on]
    return Standing(
        "+".join(one.identity for one in each),
        next((one.reason for one in each if one.reason), ""),
        NOTHING.union(*(one.touched for one in each)),
    )


def touched_since(depends_on, identity, now, recent):
    """Return the rows that were touched since an answer of this identity was kept.

    `now` is the identity in force, `recent` are {table: recent changes, as bytes}. None
    for any row, or if it can't be told: then the answer may be old, whatever it shows.
    """
    if identity == now:
        return NOTHING
    before, after = identity.split("+"), now.split("+")
    if not len(before) == len(after) == len(depends_on):
        return None
    rows = [
        dependency.touched_since(*tokens, recent)
        for dependency, *tokens in zip(depends_on, before, after)
    ]
    return None if None in rows else NOTHING.union(*rows)


def change_of(announcement):
    """Return what an announced write changes."""
    return Change.read(announcement.split(":", 2)[2])


def announcement(writer, deadline, change):
    """Return the field of a table's stamp that announces a write."""
    return f"{writer}:{deadline}:{change}"


def new_token():
    """Return a token that was never used: 72 random bits."""
    return secrets.token_urlsafe(9)
