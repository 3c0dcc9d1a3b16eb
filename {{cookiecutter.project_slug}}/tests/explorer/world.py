"""Two writers and two readers on one store: what each of them may do next.

Their steps are the project's own (`reads.look`, `reads.reopen`, `entries.Entry`, and
the store's `announce`, `finish` and `keep`), on the in-process store, which here
forgets what Redis may forget. Before any step a writer may crash or roll back, a
second may pass, and keys may be lost.

Taken for granted, as in caching/stamps.py: a token never comes twice, and a
transaction that is alive ends before its announcement does. A reader that crashes
needs no step of its own: it is one that is never seen again. Waiting for another
reader needs none either: it is looking again.
"""

from collections import OrderedDict
from typing import NamedTuple

from caching import entries, reads, stamps
from caching.memory import MemoryStore
from caching.stamps import Row, Table

# Seconds. Two, so that one announcement can expire before another.
LEASE = 2
FOREVER = float("inf")
ENTRY = "entry"
UNDER_WAY = ("announced", "committed", "rolled back")


class Scenario(NamedTuple):
    """What is read, and what each writer changes: {table: rows}."""

    name: str
    depends_on: tuple
    writes: tuple


SEVEN, ANY = frozenset(["7"]), None
SCENARIOS = (
    Scenario("a list", (Table("books"),), ({"books": SEVEN}, {"books": ANY})),
    Scenario("a page", (Row("books", "7"),), ({"books": SEVEN}, {"books": SEVEN})),
    Scenario(
        "a page, any row", (Row("books", "7"),), ({"books": SEVEN}, {"books": ANY})
    ),
    Scenario(
        "a page and its tags",
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
    identity: str | None = None
    answer: int | None = None

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
    # How much bad luck is left.
    losses: int = 0
    crashes: int = 0


class Move(NamedTuple):
    """One step of somebody, and the state after it."""

    who: str
    does: str
    state: State
    # Of a read's last step: hit, stale, miss or bypass.
    result: str = ""


class World:
    """The protocol at work in a scenario."""

    name = "the protocol as it is"
    store_class = MemoryStore
    quarantines = True

    def __init__(self, scenario, *, losses=1, crashes=2, readers=2, reads_each=2):
        self.scenario = scenario
        self.plan = reads.Plan(ENTRY, scenario.depends_on)
        self.names = self.plan.names()
        self.now = self.tokens = 0
        self.store = self.store_class(
            lease=LEASE, quarantines=self.quarantines, clock=lambda: self.now
        )
        self.nobody = State(
            writers=(Writer(),) * len(scenario.writes),
            readers=(Reader(reads_each),) * readers,
            losses=losses,
            crashes=crashes,
        )

    def new_token(self):
        """Return a token; the same in every run."""
        self.tokens += 1
        return f"token-{self.tokens}"

    def start(self):
        """Return the state in which nobody has read or written yet."""
        _, state = self._step(self.nobody, lambda store: store.open(self.names))
        # The first quarantine is over.
        state = state._replace(now=LEASE)
        return self._step(state, lambda store: store.open(self.names))[1]

    def moves(self, state):
        """Yield each Move that is possible, until no reader is left to see anything."""
        if not any(reader.reads for reader in state.readers):
            return
        for number, writer in enumerate(state.writers):
            yield from getattr(self, f"_{writer.at.replace(' ', '_')}")(state, number)
        for number, reader in enumerate(state.readers):
            if reader.reads:
                yield getattr(self, f"_{reader.at}")(state, number)
        yield from self._time(state)
        yield from self._losses(state)

    # The writers: each name is where one is, each method what it may do there.

    def _idle(self, state, number):
        changes = self.scenario.writes[number]
        _, after = self._step(state, lambda s: s.announce(f"w{number}", changes))
        yield _write(after, number, "announces", Writer("announced", LEASE))

    def _announced(self, state, number):
        left = state.writers[number].left
        committed = state._replace(committed=state.committed + 1)
        yield _write(committed, number, "commits", Writer("committed", left))
        yield _write(state, number, "rolls back", Writer("rolled back", left))
        yield from self._crash(state, number)

    def _committed(self, state, number):
        yield from self._rolled_back(state, number)
        yield from self._crash(state, number)

    def _rolled_back(self, state, number):
        changes = self.scenario.writes[number]
        _, after = self._step(state, lambda s: s.finish(f"w{number}", changes))
        yield _write(after, number, "finishes", Writer("done"))

    def _crash(self, state, number):
        if state.crashes:
            after = state._replace(crashes=state.crashes - 1)
            yield _write(after, number, "CRASHES", Writer("done"))

    def _done(self, state, number):
        return ()

    # The readers, likewise.

    def _looking(self, state, number):
        reader = state.readers[number]
        [seen], state = self._step(state, lambda s: reads.look(s, [self.plan]))
        if seen.entry:
            return self._hit(state, number, int(seen.entry.body))
        return self._missed(state, number, seen, reader)

    def _hit(self, state, number, answer):
        reader = state.readers[number].next_read()
        result = "hit" if answer == state.committed else "stale"
        return _read(state, number, f"looks: HIT, version {answer}", reader, result)

    def _missed(self, state, number, seen, reader):
        if seen.unopened:
            reader = reader._replace(at="opening")
            return _read(state, number, f"looks: {seen.reason}", reader)
        reader = reader._replace(at="asking", identity=seen.identity)
        return _read(state, number, "looks: nothing there", reader)

    def _opening(self, state, number):
        reader = state.readers[number]
        seen, state = self._step(state, lambda s: reads.reopen(s, self.plan))
        if seen.identity:
            reader = reader._replace(at="asking", identity=seen.identity)
            return _read(state, number, "opens the stamps", reader)
        does = f"opens the stamps: {seen.reason}, BYPASS"
        return _read(state, number, does, reader.next_read(), "bypass")

    def _asking(self, state, number):
        reader = state.readers[number]
        reader = reader._replace(at="keeping", answer=state.committed)
        return _read(state, number, f"queries: version {state.committed}", reader)

    def _keeping(self, state, number):
        reader = state.readers[number]
        entry = entries.Entry.of(b"%d" % reader.answer, compress_from=1024)
        value = entry.dump(reader.identity)
        _, state = self._step(state, lambda s: s.keep(ENTRY, value, FOREVER))
        does = f"keeps version {reader.answer}"
        return _read(state, number, does, reader.next_read(), "miss")

    # What nobody does.

    def _time(self, state):
        lives = [w.left for w in state.writers if w.at in UNDER_WAY]
        ends = [end for _, text in state.tables for _, end in self._fields(text)]
        if 1 in lives or not (lives or any(end > state.now for end in ends)):
            return
        writers = tuple(
            w._replace(left=w.left - 1) if w.at in UNDER_WAY else w
            for w in state.writers
        )
        after = state._replace(now=state.now + 1, writers=writers)
        yield Move("time", "a second passes", after)

    def _losses(self, state):
        if not state.losses:
            return
        left = state._replace(losses=state.losses - 1)
        tables, kept = dict(state.tables), dict(state.kept)
        for name in tables:
            rest = tuple(item for item in state.tables if item[0] != name)
            yield Move("store", f"LOSES {name}", left._replace(tables=rest))
        for name in kept:
            rest = tuple(item for item in state.kept if item[0] != name)
            yield Move("store", f"LOSES {name}", left._replace(kept=rest))
        if tables or kept:
            yield Move("store", "LOSES everything", left._replace(tables=(), kept=()))

    def _step(self, state, action):
        """Return what the action returns on the state's store, and the state after."""
        store = self.store
        store.tables, store.kept = dict(state.tables), OrderedDict(state.kept)
        self.now, self.tokens = state.now, state.tokens
        result = action(store)
        return result, state._replace(
            tables=tuple(store.tables.items()),
            kept=tuple(store.kept.items()),
            tokens=self.tokens,
        )

    # When two states are one.

    def canonical(self, state):
        """Return what of a state can still matter, in a form equal states share.

        Tokens are told apart only by whether they are in force: one that is not will
        never be again, so what was built from it can never be served. Writers with
        the same changes, and readers, have no names.
        """
        tables, kept = dict(state.tables), dict(state.kept)
        in_force = self._in_force(tables, kept)
        value = kept.get(ENTRY, (None, 0))[0]
        entry = entries.load(value, in_force) if in_force else None
        announced = {name: dict(self._fields(text)) for name, text in tables.items()}
        return (
            state.committed,
            state.losses,
            state.crashes,
            tuple(name in tables or name in kept for name in self.names),
            entry and entry.body,
            self._ends(announced, stamps.QUARANTINE, state.now),
            tuple(
                sorted(
                    (repr(changes), *writer, *self._ends(announced, f"w{n}", state.now))
                    for n, (writer, changes) in enumerate(
                        zip(state.writers, self.scenario.writes)
                    )
                )
            ),
            tuple(sorted(_without_token(reader, in_force) for reader in state.readers)),
        )
