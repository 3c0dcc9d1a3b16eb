"""Stamps: random tokens that tell whether something has changed. No I/O.

A *stamp* stands for one thing that can change: a table, or a row of it. An answer is
stored together with the tokens of all it depends on, which are read **before** the
database is asked. It is valid while these tokens are in force and no write on them is
under way.

A table's stamp is one line of text, readable in redis-cli:

    stamp token epoch [writer:deadline:rows:fields] ...

- The word `stamp` tells it from what somebody else left under its key.
- `token` is renewed by every write to the table.
- `epoch` is renewed by writes to unknown rows; it is part of every row's version.
- Each further field is a *write intent*, of a write that has not finished: who, until
  when (milliseconds, the store's clock), and what it changes.

A row's stamp is a token and nothing else. The intents on a row stand in its table's
stamp, which never expires.

A table's *recent changes* are a second line. Each change stands behind the token that
its write gave the table:

    token token:rows:fields token:rows:fields ...

Tokens are random and never count up, so a stamp that was lost and made anew can't
match an old answer. (Generation counters, memcached's "namespaces", lack this.)
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

# Ids of rows, or names of fields.
Names = frozenset[str]
NOTHING: Names = frozenset()
ANY = "*"
# From here on a write to single rows counts as a write to any row.
MAX_ROWS = 500
# Bytes of recent changes. Older ones make room for new ones.
MAX_RECENT = 4096
MARK = "stamp"
TOKEN = r"[\w-]+"
INTENT = r"[^ :]+:\d+:[^ :]*:[^ :]*"
TABLE_STAMP = re.compile(rf"{MARK} {TOKEN} {TOKEN}( {INTENT})*", re.ASCII)
ROW_STAMP = re.compile(TOKEN, re.ASCII)
QUARANTINE = "quarantine"


class Change(NamedTuple):
    """The rows (ids) that a write changes, and which of their fields; None for any.

    Adding or removing a row changes any field: it may change what lists show, whatever
    they are chosen by. A new row has no id yet. Written as `7,8:stock`, `*:*`, or `:*`
    for a new row.
    """

    rows: Names | None = NOTHING
    fields: Names | None = None

    @classmethod
    def build(
        cls, rows: Iterable[object] | None, fields: Iterable[str] | None = None
    ) -> Self:
        """Return the change of these rows' fields; None for any."""
        ids = None if rows is None else frozenset(map(str, rows))
        return cls(ids, None if fields is None else frozenset(fields))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the change that str() wrote."""
        rows, _, fields = text.partition(":")
        return cls(_parse_names(rows), _parse_names(fields))

    def __str__(self) -> str:
        return f"{_format_names(self.rows)}:{_format_names(self.fields)}"

    def __or__(self, other: "Change") -> "Change":
        rows, fields = union(self.rows, other.rows), union(self.fields, other.fields)
        too_many = rows is not None and len(rows) > MAX_ROWS
        return Change(None if too_many else rows, fields)

    def may_change(self, row: str) -> bool:
        """Return whether this row is among those that change."""
        return self.rows is None or row in self.rows


# What a write changes, by table.
Changes = Mapping[str, Change]
# What the store holds under the names of stamps; None where it holds nothing.
StampTexts = Mapping[str, str | None]


class StampMissing(KeyError):
    """A stamp is not in the store (never made, evicted, lost): it must be opened."""


class Stamps(dict[str, list[str]]):
    """The stamps that were read, as lists of fields, by name."""

    def __missing__(self, name: str) -> list[str]:
        raise StampMissing(name)


def union(some: Names | None, others: Names | None) -> Names | None:
    """Return the names in either; None, which is any, if one is None."""
    return None if some is None or others is None else some | others


def new_token() -> str:
    """Return a token that was never used: 72 random bits."""
    return secrets.token_urlsafe(9)


def parse_stamps(texts: StampTexts) -> Stamps:
    """Return the Stamps in these texts; leave out what is no stamp of ours."""
    stamps = Stamps()
    for name, text in texts.items():
        if text and ":" in name and ROW_STAMP.fullmatch(text):
            stamps[name] = [text]
        elif text and ":" not in name and TABLE_STAMP.fullmatch(text):
            stamps[name] = text.split(" ")[1:]
    return stamps


def format_stamp(fields: Iterable[str]) -> str:
    """Return the text of a table's stamp with these fields."""
    return " ".join([MARK, *fields])


def format_intent(writer: str, deadline: int, change: Change) -> str:
    """Return the field of a table's stamp that is a write's intent."""
    return f"{writer}:{deadline}:{change}"


def intended_change(intent: str) -> Change:
    """Return what the write of this intent changes."""
    return Change.parse(intent.split(":", 2)[2])


def recent_key(table: str) -> str:
    """Return the key of a table's recent changes."""
    return f"changes:{table}"


def changes_since(token: str, now: str, recent: bytes | None) -> list[Change] | None:
    """Return the changes after `token` up to the token `now`; None if unknown.

    `recent` are the recent changes as stored. They say nothing if they do not end in
    `now` (they were lost, or somebody else wrote there), or no longer hold `token`.
    """
    if token == now:
        return []
    items = [item.partition(":")[::2] for item in _items(recent)]
    tokens = [item[0] for item in items]
    if token not in tokens or tokens[-1] != now:
        return None
    return [Change.parse(text) for _, text in items[tokens.index(token) + 1 :]]


def add_change(recent: bytes | None, before: str, token: str, change: Change) -> bytes:
    """Return the recent changes after one more, from the token `before` to `token`."""
    items = _items(recent)
    if items[-1].partition(":")[0] != before:
        items = [before]
    items.append(f"{token}:{change}")
    while len(" ".join(items)) > MAX_RECENT:
        del items[0]
    return (" ".join(items) or token).encode("ascii")


def _items(recent: bytes | None) -> list[str]:
    # Foreign bytes decode to something that matches nothing.
    return (recent or b"").decode("ascii", "backslashreplace").split(" ")


def _parse_names(text: str) -> Names | None:
    return None if text == ANY else frozenset(filter(None, text.split(",")))


def _format_names(names: Names | None) -> str:
    return ANY if names is None else ",".join(sorted(names))
