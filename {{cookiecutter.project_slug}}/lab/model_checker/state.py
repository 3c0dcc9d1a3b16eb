"""What there is at one moment, and when two moments are one."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from caching import entries, stamps
from caching.dependencies import BoundRow, BoundSelection, Table, rows_changed_since
from caching.reads import CacheSpec, Missing, check_stamps
from caching.stamps import Change, recent_key

ENTRY = "entry"
# Moves that leave the store as it is come soon after each other.
REMEMBERED = 1 << 14
SEVEN, ANY = Change.build("7"), Change.build(None)
# A loan changes a stock; a new title may bring a book into a list, or take it out.
LEND_7, LEND_8, RETITLE_8 = (
    Change.build("7", ["stock"]),
    Change.build("8", ["stock"]),
    Change.build("8", ["title"]),
)


class Answer(NamedTuple):
    """What the database answers, and the rows that this shows."""

    text: str
    rows: tuple = ("7",)


def version(committed):
    """Return the answer of the thing that every writer changes."""
    return Answer(str(len(committed)))


def lent(committed):
    """Return a list of book 7, which the first writer lends."""
    return Answer("lent" if 0 in committed else "in")


def found(committed):
    """Return a list to which the first writer adds book 8; the second one lends it."""
    if 0 not in committed:
        return Answer("7 alone")
    return Answer("7 and 8, lent" if 1 in committed else "7 and 8", ("7", "8"))


class Scenario(NamedTuple):
    """What an answer depends on, what each writer changes: {table: Change}.

    `answer` returns the Answer of the database, told which writers have committed.
    """

    name: str
    depends_on: tuple
    writes: tuple
    answer: Callable = version


SCENARIOS = (
    Scenario(
        "a list; two writers of single rows",
        (Table("books"),),
        ({"books": SEVEN}, {"books": SEVEN}),
    ),
    Scenario(
        "a page; two writers of its row",
        (BoundRow("books", "7"),),
        ({"books": SEVEN}, {"books": SEVEN}),
    ),
    Scenario(
        "a page; a writer of its row and one of any row",
        (BoundRow("books", "7"),),
        ({"books": SEVEN}, {"books": ANY}),
    ),
    Scenario(
        "a page with its tags; a writer of each",
        (BoundRow("books", "7"), Table("tags")),
        ({"books": SEVEN}, {"tags": SEVEN}),
    ),
    Scenario(
        "a list that shows 7; one writer lends 7, the other lends 8",
        (BoundSelection("books"),),
        ({"books": LEND_7}, {"books": LEND_8}),
        lent,
    ),
    Scenario(
        "a list found by title; one writer retitles 8 into it, the other lends 8",
        (BoundSelection("books", frozenset(["title"])),),
        ({"books": RETITLE_8}, {"books": LEND_8}),
        found,
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
    version: str = ""
    # What shows one of these rows may not be kept.
    changing: frozenset = frozenset()
    answer: Answer | None = None

    def next_read(self):
        """Return the reader when it has its answer."""
        return Reader(self.reads - 1)


class State(NamedTuple):
    """Everything there is, at one moment."""

    writers: tuple
    readers: tuple
    # The numbers of the writers that have committed.
    committed: frozenset = frozenset()
    now: int = 0
    tokens: int = 0
    # What the store holds.
    tables: tuple = ()
    kept: tuple = ()
    # How often keys may still be lost.
    losses: int = 0


@lru_cache(REMEMBERED)
def announcements(text):
    """Return {who: second in which it expires} of a table's stamp."""
    fields = (field.split(":") for field in text.split(" ")[3:])
    return {who: int(deadline) // 1000 for who, deadline, *_ in fields}


def canonical(scenario, state):
    """Return what of a state can still matter, in a form that equal states share.

    Of a version it matters which rows changed since: any, and what was built
    from it can't be served any more. Writers of the same changes have no names, and
    readers have none.
    """
    given = scenario.depends_on, state.tables, state.kept, state.now
    standing = Standing.of(*given)
    # The first of its kind stands for all that make the same changes.
    kinds = [scenario.writes.index(changes) for changes in scenario.writes]
    writers = [
        (kinds[number], *writer, *standing.left.get(f"w{number}", ()))
        for number, writer in enumerate(state.writers)
    ]
    return (
        tuple(sorted(kinds[number] for number in state.committed)),
        state.losses,
        standing.names,
        standing.entry,
        tuple(standing.left.get(stamps.QUARANTINE, ())),
        tuple(sorted(writers)),
        tuple(sorted(map(standing.of_reader, state.readers))),
    )


def _seconds_left(tables, now):
    """Return {who: [(table, seconds), ...]} of what is announced; 0 if it expired."""
    left = {}
    for table, text in sorted(tables):
        for who, end in announcements(text).items():
            left.setdefault(who, []).append((table, max(0, end - now)))
    return left


class Standing:
    """What is still to be had from the store, and from a version."""

    def __init__(self, depends_on, tables, kept, now):
        self.spec, self.kept = CacheSpec(ENTRY, depends_on), dict(kept)
        self.names = frozenset(name for name, _ in tables + kept if name != ENTRY)
        self.left = _seconds_left(tables, now)
        texts = {name: " ".join(text.split(" ")[:3]) for name, text in tables}
        texts |= {name: value for name, (value, _) in kept if name != ENTRY}
        seen = check_stamps(self.spec, _texts(texts))
        self.version = seen.version if isinstance(seen, Missing) else None
        keys = {table: recent_key(table) for table in self.spec.selected_tables()}
        self.recent = {t: texts[key] for t, key in keys.items() if key in texts}
        self.entry = self._of_entry()
        self._readers = {}

    @classmethod
    @lru_cache(REMEMBERED)
    def of(cls, *given):
        """Return the Standing, made once."""
        return cls(*given)

    def _of_entry(self):
        """Return the entry and the rows changed since, or None if it is dead."""
        value, _ = self.kept.get(ENTRY, (None, 0))
        version = entries.stored_version(value)
        rows = self.rows(version)
        entry = entries.load(value, version) if rows is not None else None
        if entry is None or entry.shows(rows):
            return None
        return entry.body, sorted_text(rows)

    def of_reader(self, reader):
        """Return the reader, with what changed since in the version's place."""
        if reader not in self._readers:
            self._readers[reader] = self._of_reader(reader)
        return self._readers[reader]

    def _of_reader(self, reader):
        answer, changing = reader.answer or (), sorted_text(reader.changing)
        if not reader.version:
            return (*reader[:2], "", changing, answer)
        rows = self.rows(reader.version)
        if rows is None:
            # It may still take the place of an entry that can be served.
            return (*reader[:2], "never", changing, answer and answer.rows)
        return (*reader[:2], sorted_text(rows), changing, answer)

    def rows(self, version):
        """Return the rows changed since; None for any."""
        if not (version and self.version):
            return None
        depends_on = self.spec.depends_on
        return rows_changed_since(depends_on, version, self.version, self.recent)


def sorted_text(rows):
    return "since: " + ",".join(sorted(rows))


def _texts(kept):
    return {name: text for name, text in kept.items() if isinstance(text, str)}
