"""What there is at one moment, and when two moments are one."""

from typing import NamedTuple

from caching import entries, stamps
from caching.reads import Plan, judge
from caching.stamps import Row, Table

ENTRY = "entry"
SEVEN, ANY = frozenset(["7"]), None


class Scenario(NamedTuple):
    """What an answer depends on, and what each writer changes: {table: rows}."""

    name: str
    depends_on: tuple
    writes: tuple


SCENARIOS = (
    Scenario(
        "a list; two writers of single rows",
        (Table("books"),),
        ({"books": SEVEN}, {"books": SEVEN}),
    ),
    Scenario(
        "a page; two writers of its row",
        (Row("books", "7"),),
        ({"books": SEVEN}, {"books": SEVEN}),
    ),
    Scenario(
        "a page; a writer of its row and one of any row",
        (Row("books", "7"),),
        ({"books": SEVEN}, {"books": ANY}),
    ),
    Scenario(
        "a page with its tags; a writer of each",
        (Row("books", "7"), Table("tags")),
        ({"books": SEVEN}, {"tags": SEVEN}),
    ),
)


class Writer(NamedTuple):
    """Announces, commits or rolls back, finishes."""

    at: str = "idle"
    # Seconds in which it will have finished, if it is alive.
    left: int = 0


class Reader(NamedTuple):
    """Looks; unless that was a hit, opens if need be, asks the database and keeps."""

    reads: int = 2
    at: str = "looking"
    identity: str = ""
    answer: int = 0

    def next_read(self):
        """Return the reader when it has its answer."""
        return Reader(self.reads - 1)


class State(NamedTuple):
    """Everything there is, at one moment."""

    writers: tuple
    readers: tuple
    # How many writes the database holds as committed: what a read must answer.
    committed: int = 0
    now: int = 0
    tokens: int = 0
    # What the store holds.
    tables: tuple = ()
    kept: tuple = ()
    # How often keys may still be lost.
    losses: int = 0


def announcements(text):
    """Return {who: second in which it expires} of a table's stamp."""
    fields = (field.split(":") for field in text.split(" ")[3:])
    return {who: int(deadline) // 1000 for who, deadline, _ in fields}


def canonical(scenario, state):
    """Return what of a state can still matter, in a form that equal states share.

    Tokens are told apart only by whether they are in force: one that is not will
    never be again, so what was built from it can't be served any more. Writers of
    the same changes have no names, and readers have none.
    """
    in_force = _identity_in_force(scenario, state)
    left = _seconds_left(state)
    writers = [
        # The first of its kind stands for all that make the same changes.
        (scenario.writes.index(changes), *writer, *left.get(f"w{number}", ()))
        for number, (changes, writer) in enumerate(zip(scenario.writes, state.writers))
    ]
    readers = [_without_token(reader, in_force) for reader in state.readers]
    return (
        (state.committed, state.losses),
        frozenset(name for name, _ in state.tables + state.kept if name != ENTRY),
        _entry_in_force(state, in_force),
        tuple(left.get(stamps.QUARANTINE, ())),
        tuple(sorted(writers)),
        tuple(sorted(readers)),
    )


def _seconds_left(state):
    """Return {who: [(table, seconds), ...]} of what is announced; 0 if it expired."""
    left = {}
    for table, text in sorted(state.tables):
        for who, end in announcements(text).items():
            left.setdefault(who, []).append((table, max(0, end - state.now)))
    return left


def _entry_in_force(state, in_force):
    stored = dict(state.kept).get(ENTRY)
    entry = entries.load(stored[0], in_force) if stored and in_force else None
    return entry and entry.body


def _identity_in_force(scenario, state):
    texts = {name: " ".join(text.split(" ")[:3]) for name, text in state.tables}
    texts |= {name: value for name, (value, _) in state.kept if name != ENTRY}
    plan = Plan(ENTRY, scenario.depends_on)
    return judge(plan, None, stamps.parse(texts)).identity


def _without_token(reader, in_force):
    if reader.identity in ("", in_force):
        return (*reader[:2], "" if not reader.identity else "now", reader.answer)
    return (*reader[:2], "never", 0)
