"""Stamps: random tokens that tell whether something has changed. No I/O.

A *stamp* stands for one thing that can change: a table, or a row of it. An answer is
stored together with the tokens of all stamps that it depends on. They are read
**before** the database. The answer is valid as long as the stamps still have these
tokens, and none of them has a write intent.

A table's stamp is one line of text, readable in redis-cli:

    stamp token epoch [writer:deadline:rows:fields] ...

- The word `stamp` marks it as ours: another program may have used its key.
- `token` is renewed by every write to the table.
- `epoch` is renewed by writes to unknown rows. It is part of every row's version.
- Each further field is a *write intent*: a write that has not finished yet. It holds
  the writer's token, the deadline (milliseconds, by the store's clock), and what the
  write changes.

A row's stamp is a token and nothing else. The intents on a row stand in its table's
stamp, which never expires.

A table's *recent changes* are another line of text, under a key of its own. Before each
change stands the token that its write gave the table:

    token token:rows:fields token:rows:fields ...

Tokens are random, not counters. A counter that was lost would start again, and an old
answer might match it. (That is the flaw of memcached's "namespaces".) A new random
token matches no old answer.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

# Ids of rows, or names of fields.
Names = frozenset[str]
NOTHING: Names = frozenset()
ANY = "*"
# A write to more rows than this counts as a write to any row.
MAX_ROWS = 500
# Bytes of a table's recent changes. The oldest are dropped.
MAX_RECENT = 4096
MARK = "stamp"
TOKEN = r"[\w-]+"
INTENT = r"[^ :]+:\d+:[^ :]*:[^ :]*"
TABLE_STAMP = re.compile(rf"{MARK} {TOKEN} {TOKEN}( {INTENT})*", re.ASCII)
ROW_STAMP = re.compile(TOKEN, re.ASCII)
QUARANTINE = "quarantine"


class Change(NamedTuple):
    """The ids of the rows that a write changes, and which fields; None for any.

    Adding or removing a row counts as a change of any field, because it may change
    every list. A new row has no id yet. As text: `7,8:stock`, `*:*` for any field of
    any row, `:*` for a new row.
    """

    rows: Names | None = NOTHING
    fields: Names | None = None

    @classmethod
    def build(
        cls, rows: Iterable[object] | None, fields: Iterable[str] | None = None
    ) -> Self:
        """Return the change of these rows (ids) and fields (names); None for any."""
        ids = None if rows is None else frozenset(map(str, rows))
        return cls(ids, None if fields is None else frozenset(fields))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the change in a text that str() made."""
        rows, _, fields = text.partition(":")
        return cls(_parse_names(rows), _parse_names(fields))

    def __str__(self) -> str:
        return f"{_format_names(self.rows)}:{_format_names(self.fields)}"

    def __or__(self, other: "Change") -> "Change":
        rows, fields = union(self.rows, other.rows), union(self.fields, other.fields)
        too_many = rows is not None and len(rows) > MAX_ROWS
        return Change(None if too_many else rows, fields)

    def may_change(self, row: str) -> bool:
        """Return whether this row may be among those that change."""
        return self.rows is None or row in self.rows


# What a write changes, by table.
Changes = Mapping[str, Change]
# The texts of stamps by name, as the store holds them. None: the stamp is missing.
StampTexts = Mapping[str, str | None]


class StampMissing(KeyError):
    """A stamp is not in the store: never made, evicted or lost. Open it first."""


class Stamps(dict[str, list[str]]):
    """Stamps by name. Each is a list of fields."""

    def __missing__(self, name: str) -> list[str]:
        raise StampMissing(name)


def union(some: Names | None, others: Names | None) -> Names | None:
    """Return the names in either set; None (any) if one is None."""
    return None if some is None or others is None else some | others


def new_token() -> str:
    """Return a new token: 72 random bits, so that it was never used before."""
    return secrets.token_urlsafe(9)


def parse_stamps(texts: StampTexts) -> Stamps:
    """Return the stamps in these texts. Leaves out texts that are no stamps of ours."""
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
    """Return the text of a write intent. `deadline` is in milliseconds."""
    return f"{writer}:{deadline}:{change}"


def intended_change(intent: str) -> Change:
    """Return what a write changes, from the text of its intent."""
    return Change.parse(intent.split(":", 2)[2])


def recent_key(table: str) -> str:
    """Return the key of a table's recent changes."""
    return f"changes:{table}"


def changes_since(token: str, now: str, recent: bytes | None) -> list[Change] | None:
    """Return the changes after `token`, up to the token `now`; None if unknown.

    `recent` are the table's recent changes as stored. They are of no use if they do not
    end in `now` (they were lost, or another program wrote there), or if `token` is no
    longer in them.
    """
    if token == now:
        return []
    items = recent_items(recent)
    tokens = [item[0] for item in items]
    if token not in tokens or tokens[-1] != now:
        return None
    return [Change.parse(text) for _, text in items[tokens.index(token) + 1 :]]


def recent_items(recent: bytes | None) -> list[tuple[str, str]]:
    """Return a table's recent changes, oldest first: tokens, and Changes as texts.

    The oldest may have no change: it says from which token on they are known.
    """
    parts = (item.partition(":") for item in _items(recent))
    return [(token, text) for token, _, text in parts]


def add_change(recent: bytes | None, before: str, token: str, change: Change) -> bytes:
    """Return `recent` with one more change: it replaced `before` by `token`."""
    items = _items(recent)
    if items[-1].partition(":")[0] != before:
        items = [before]
    items.append(f"{token}:{change}")
    while len(" ".join(items)) > MAX_RECENT:
        del items[0]
    return (" ".join(items) or token).encode("ascii")


def _items(recent: bytes | None) -> list[str]:
    # Bytes that are not ours decode to something that matches no token.
    return (recent or b"").decode("ascii", "backslashreplace").split(" ")


def _parse_names(text: str) -> Names | None:
    return None if text == ANY else frozenset(filter(None, text.split(",")))


def _format_names(names: Names | None) -> str:
    return ANY if names is None else ",".join(sorted(names))
