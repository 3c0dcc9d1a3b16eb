"""The state of the model, and when two states count as one."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from caching import entries, stamps
from caching.dependencies import BoundRow, BoundSelection, Table, rows_changed_since
from caching.reads import CacheSpec, Missing, check_stamps
from caching.stamps import Change, recent_key

ENTRY = "entry"
# Many moves in a row leave the store unchanged.
REMEMBERED = 1 << 14
SEVEN, ANY = Change.build("7"), Change.build(None)
# A loan changes a stock; a new title can put a book into a list or take it out.
LEND_7, LEND_8, RETITLE_8 = (
    Change.build("7", ["stock"]),
    Change.build("8", ["stock"]),
    Change.build("8", ["title"]),
)


class Answer(NamedTuple):
    """An answer of the database, and the rows that it shows."""

    text: str
    rows: tuple = ("7",)


def version(committed):
    """Return the answer that every writer changes."""
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
    """What an answer depends on, and what each writer changes: {table: Change}.

    `answer` returns the database's Answer, given the numbers of the writers that have
    committed.
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
    """A writer adds its intent, commits or rolls back, and finishes."""

    at: str = "idle"
    # Seconds after which it has finished, if it is alive.
    left: int = 0


class Reader(NamedTuple):
    """A reader looks up; unless it has a hit, it opens stamps, queries and stores."""

    reads: int = 2
    at: str = "looking"
    version: str = ""
    # An answer that shows one of these rows may not be stored.
    changing: frozenset = frozenset()
    answer: Answer | None = None

    def next_read(self):
        """Return the reader after it has its answer."""
        return Reader(self.reads - 1)


class State(NamedTuple):
    """The state of everything."""

    writers: tuple
    readers: tuple
    # The numbers of the writers that have committed.
    committed: frozenset = frozenset()
    now: int = 0
    tokens: int = 0
    # The content of the store.
    tables: tuple = ()
    kept: tuple = ()
    # How many losses of keys may still happen.
    losses: int = 0


@lru_cache(REMEMBERED)
def intents(text):
    """Return {writer: second at which the intent expires} of a table's stamp."""
    fields = (field.split(":") for field in text.split(" ")[3:])
    return {who: int(deadline) // 1000 for who, deadline, *_ in fields}


def canonical(scenario, state):
    """Return the part of a state that can still matter; equal states share it.

    Of a version only the rows that changed since matter: if they are unknown, nothing
    built from it can be served. Readers are interchangeable, and so are writers of the
    same changes.
    """
    given = scenario.depends_on, state.tables, state.kept, state.now
    validity = Validity.cached(*given)
    # The first writer of a change stands for all others of it.
    kinds = [scenario.writes.index(changes) for changes in scenario.writes]
    writers = [
        (kinds[number], *writer, *validity.left.get(f"w{number}", ()))
        for number, writer in enumerate(state.writers)
    ]
    return (
        tuple(sorted(kinds[number] for number in state.committed)),
        state.losses,
        validity.names,
        validity.entry,
        tuple(validity.left.get(stamps.QUARANTINE, ())),
        tuple(sorted(writers)),
        tuple(sorted(map(validity.describe_reader, state.readers))),
    )


def _seconds_left(tables, now):
    """Return {writer: [(table, seconds left), ...]} of the intents; 0 if expired."""
    left = {}
    for table, text in sorted(tables):
        for who, end in intents(text).items():
            left.setdefault(who, []).append((table, max(0, end - now)))
    return left


class Validity:
    """What can still be served from the store, and from a version."""

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
        self.entry = self._find_entry()
        self._readers = {}

    @classmethod
    @lru_cache(REMEMBERED)
    def cached(cls, *given):
        """Return the Validity of these arguments, made once."""
        return cls(*given)

    def _find_entry(self):
        """Return the entry and the rows changed since; None if it can't be served."""
        value, _ = self.kept.get(ENTRY, (None, 0))
        version = entries.stored_version(value)
        rows = self.rows(version)
        entry = entries.load(value, version) if rows is not None else None
        if entry is None or entry.shows(rows):
            return None
        return entry.body, _sorted_text(rows)

    def describe_reader(self, reader):
        """Return the reader, with the rows changed since in place of the version."""
        if reader not in self._readers:
            self._readers[reader] = self._describe_reader(reader)
        return self._readers[reader]

    def _describe_reader(self, reader):
        answer, changing = reader.answer or (), _sorted_text(reader.changing)
        if not reader.version:
            return (*reader[:2], "", changing, answer)
        rows = self.rows(reader.version)
        if rows is None:
            # Its answer can still replace an entry that can be served.
            return (*reader[:2], "never", changing, answer and answer.rows)
        return (*reader[:2], _sorted_text(rows), changing, answer)

    def rows(self, version):
        """Return the rows changed since a version; None if they are unknown."""
        if not (version and self.version):
            return None
        depends_on = self.spec.depends_on
        return rows_changed_since(depends_on, version, self.version, self.recent)


def _sorted_text(rows):
    return "since: " + ",".join(sorted(rows))


def _texts(kept):
    return {name: text for name, text in kept.items() if isinstance(text, str)}
