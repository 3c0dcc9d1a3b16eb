"""The moves of two writers and two readers on one store.

Their steps are the project's own functions (`reads.lookup`, `reads.reopen`,
`Entry.dump`, and the store's `add_intent`, `finish` and `keep`), on the in-process
store, which loses here what Redis can lose. Before any step a writer can crash or roll
back, a second can pass, and keys can be lost.

Assumed, as in caching/stamps.py: no token comes twice, and the intent of a running
transaction does not expire. Three events need no move of their own: a reader that
crashes makes no more moves; a lost entry is one whose reader crashed before storing it;
and a reader that waits for another's entry looks up again.
"""

from collections import OrderedDict
from typing import NamedTuple

from caching.entries import Entry
from caching.reads import Blocked, CacheSpec, Hit, Missing, lookup, reopen
from caching.stores.memory import MemoryStore
from lab.model_checker.state import ENTRY, Reader, State, Writer, intents

# Seconds. Two, so that of two intents one can expire before the other.
LEASE = 2
FOREVER = float("inf")
UNDER_WAY = ("writing", "committed", "rolled back")


class Move(NamedTuple):
    """One step of a writer, a reader or the world, and the state after it."""

    who: str
    does: str
    state: State
    # At the last step of a read: hit, stale, miss or bypass.
    result: str = ""


class World:
    """The protocol, in a scenario."""

    store_class, quarantines = MemoryStore, True
    begins, finishes = "adds its intent", "finishes"

    def __init__(self, scenario, *, losses=1, readers=2, reads=2):
        self.scenario = scenario
        self.spec = CacheSpec(ENTRY, scenario.depends_on)
        self.now = self.tokens = 0
        self.store = self.store_class(
            lease=LEASE, quarantines=self.quarantines, clock=lambda: self.now
        )
        self.nobody = State(
            writers=(Writer(),) * len(scenario.writes),
            readers=(Reader(reads),) * readers,
            losses=losses,
        )

    def new_token(self):
        """Return a token; every run makes the same ones."""
        self.tokens += 1
        return f"token-{self.tokens}"

    def start(self):
        """Return the first state: nobody has read or written yet."""
        names = self.spec.stamp_names()
        _, state = self._step(self.nobody, lambda store: store.open(names))
        # The first quarantine is over.
        state = state._replace(now=LEASE)
        return self._step(state, lambda store: store.open(names))[1]

    def moves(self, state):
        """Yield each possible Move; none when all reads are done."""
        if not any(reader.reads for reader in state.readers):
            return
        for number, writer in enumerate(state.writers):
            yield from getattr(self, f"_{writer.at.replace(' ', '_')}")(state, number)
        for number, reader in enumerate(state.readers):
            if reader.reads:
                yield getattr(self, f"_{reader.at}")(state, number)
        yield from self._time(state)
        yield from self._losses(state)

    # A writer's moves, by its state.

    def _idle(self, state, number):
        changes = self.scenario.writes[number]
        _, after = self._step(state, lambda s: s.add_intent(f"w{number}", changes))
        yield write(after, number, self.begins, Writer("writing", LEASE))

    def _writing(self, state, number):
        left = state.writers[number].left
        after = state._replace(committed=state.committed | {number})
        does = f"COMMITs version {self._answer(after).text}"
        yield write(after, number, does, Writer("committed", left))
        yield write(state, number, "rolls back", Writer("rolled back", left))
        yield write(state, number, "CRASHES", Writer("done"))

    def _committed(self, state, number):
        yield from self._rolled_back(state, number)
        yield write(state, number, "CRASHES", Writer("done"))

    def _rolled_back(self, state, number):
        changes = self.scenario.writes[number]
        _, after = self._step(state, lambda s: s.finish(f"w{number}", changes))
        yield write(after, number, self.finishes, Writer("done"))

    def _done(self, state, number):
        return ()

    # A reader's move, by its next step.

    def _looking(self, state, number):
        [seen], state = self._step(state, lambda store: lookup(store, [self.spec]))
        reader = state.readers[number]
        if isinstance(seen, Hit):
            return self.hit(state, number, seen.entry)
        if isinstance(seen, Blocked) or seen.changing:
            after = reader._replace(at="opening")
            reason = seen.reason if isinstance(seen, Blocked) else ""
            return read(state, number, f"looks: {reason}", after)
        return read(state, number, "looks: nothing kept", asking(reader, seen))

    def _opening(self, state, number):
        seen, state = self._step(state, lambda store: reopen(store, self.spec))
        reader = state.readers[number]
        if isinstance(seen, Missing):
            return read(state, number, "opens the stamps", asking(reader, seen))
        does = f"opens: {seen.reason}, BYPASS"
        return read(state, number, does, reader.next_read(), "bypass")

    def _asking(self, state, number):
        answer = self._answer(state)
        after = state.readers[number]._replace(at="keeping", answer=answer)
        return read(state, number, f"queries: version {answer.text}", after)

    def _keeping(self, state, number):
        reader = state.readers[number]
        body, rows = reader.answer.text.encode(), reader.answer.rows
        entry = Entry.build(body, compress_from=1024, rows=rows)
        if entry.shows(reader.changing):
            does = "shows what is written, BYPASS"
            return read(state, number, does, reader.next_read(), "bypass")
        value = entry.dump(reader.version)
        _, state = self._step(state, lambda store: store.keep(ENTRY, value, FOREVER))
        does = f"keeps version {reader.answer.text}"
        return read(state, number, does, reader.next_read(), "miss")

    def hit(self, state, number, entry):
        """Return the Move of a reader that found this entry."""
        text, reader = entry.body.decode(), state.readers[number].next_read()
        if text == self._answer(state).text:
            return read(state, number, f"looks: HIT, version {text}", reader, "hit")
        return read(state, number, f"looks: STALE, version {text}", reader, "stale")

    def _answer(self, state):
        return self.scenario.answer(state.committed)

    # Moves of the world.

    def _time(self, state):
        lives = [w.left for w in state.writers if w.at in UNDER_WAY]
        ends = [end for _, text in state.tables for end in intents(text).values()]
        if 1 in lives or not (lives or any(end > state.now for end in ends)):
            return
        writers = tuple(
            w._replace(left=w.left - 1) if w.at in UNDER_WAY else w
            for w in state.writers
        )
        after = state._replace(now=state.now + 1, writers=writers)
        yield Move("world", "a second passes", after)

    def _losses(self, state):
        if not state.losses:
            return
        after = state._replace(losses=state.losses - 1)
        for name, _ in state.tables:
            rest = tuple(item for item in state.tables if item[0] != name)
            yield Move("world", f"{name} is LOST", after._replace(tables=rest))
        for name in dict(state.kept).keys() - {ENTRY}:
            rest = tuple(item for item in state.kept if item[0] != name)
            yield Move("world", f"{name} is LOST", after._replace(kept=rest))
        yield Move("world", "ALL is LOST", after._replace(tables=(), kept=()))

    def _step(self, state, action):
        """Run `action` on the state's store; return its result and the state after."""
        store = self.store
        store.tables, store.kept = dict(state.tables), OrderedDict(state.kept)
        self.now, self.tokens = state.now, state.tokens
        result = action(store)
        return result, state._replace(
            tables=tuple(store.tables.items()),
            kept=tuple(store.kept.items()),
            tokens=self.tokens,
        )


def write(state, number, does, writer):
    """Return the Move after which writer `number` (from 0) is `writer`."""
    writers = state.writers[:number] + (writer,) + state.writers[number + 1 :]
    return Move(f"writer {number + 1}", does, state._replace(writers=writers))


def asking(reader, seen):
    """Return the reader, about to query, with what a lookup gave: `seen`."""
    return reader._replace(at="asking", version=seen.version, changing=seen.changing)


def read(state, number, does, reader, result=""):
    """Return the Move after which reader `number` (from 0) is `reader`."""
    readers = state.readers[:number] + (reader,) + state.readers[number + 1 :]
    after = state._replace(readers=readers)
    return Move(f"reader {number + 1}", does, after, result)
