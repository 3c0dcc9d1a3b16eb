"""The strategies that lead to the protocol, each with a race of its own.

Granted excuses some stale answers, so that each rung shows the race that the next rung
is there for.
"""

from caching.stores.memory import MemoryStore
from lab.model_checker.broken import (
    IntentWithoutRenewing,
    NoQuarantine,
    OneMarker,
    RenewedOnlyAfter,
    RenewedOnlyBefore,
    StampsReadAfterTheQuery,
)
from lab.model_checker.search import explore
from lab.model_checker.state import ENTRY, SCENARIOS, canonical
from lab.model_checker.world import World


class Granted(World):
    """Does not count an old answer as stale between a commit and the write's end.

    Nobody was told yet that the write has happened. If the writer crashes there, the
    write never ends, and the answer counts; unless `crashes` is False.
    """

    crashes = True

    def moves(self, state):
        in_between = any(writer.at == "committed" for writer in state.writers)
        # Readers first: of traces of the same length, the simpler one is found.
        for move in sorted(super().moves(state), key=lambda move: move.who):
            if move.does == "CRASHES" and not self.crashes:
                continue
            if move.result == "stale" and in_between:
                move = move._replace(result="hit")
            yield move


class Untold(MemoryStore):
    """A store that learns of no write."""

    def add_intent(self, writer, changes):
        pass

    def finish(self, writer, changes):
        pass


class OnlyTimeToLive(Granted):
    """Entries expire; writes do nothing to them."""

    store_class = Untold
    begins, finishes = "begins", "ends"


class FlushedAtTheCommit(Granted):
    """A write deletes the entry at the same moment as it commits."""

    store_class = Untold
    begins, finishes = "begins", "ends"

    def _writing(self, state, number):
        for move in super()._writing(state, number):
            if move.does.startswith("COMMITs"):
                kept = tuple(item for item in move.state.kept if item[0] != ENTRY)
                after = move.state._replace(kept=kept)
                move = move._replace(does=f"{move.does}, flushes", state=after)
            yield move


class Counted(Granted):
    """The generation is a counter, which begins again at 1 if it was lost."""

    crashes = quarantines = False
    # A count may come again, so no two states count as one.
    form = staticmethod(lambda scenario, state: state)

    class _Store(MemoryStore):
        def add_intent(self, writer, changes):
            pass

        def finish(self, writer, changes):
            for table in changes:
                self.tables[table] = _counted(1 + _count(self._fields(table)))

        def _fields(self, name):
            text = self.tables.get(name, _counted(1))
            return text.split(" ")[1:]

    store_class = _Store
    begins, finishes = "begins", "counts on"


class GrantedAfter(Granted, RenewedOnlyAfter):
    """A random token, renewed after the commit."""


class GrantedBefore(Granted, RenewedOnlyBefore):
    """A random token, renewed before the commit."""


class RenewedOnBothSides(Granted):
    """A write renews before its commit and after it, without an intent."""

    class _Store(MemoryStore):
        def add_intent(self, writer, changes):
            self._renew(changes)

        def finish(self, writer, changes):
            self._renew(changes)

    store_class = _Store
    begins = finishes = "renews the stamps"


def _count(fields):
    return int(fields[0].removeprefix("generation-"))


def _counted(number):
    return f"stamp generation-{number} epoch"


LADDER = {
    "ttl": ("Entries expire, and writes do nothing", OnlyTimeToLive),
    "flush": ("A write deletes the entry as it commits", FlushedAtTheCommit),
    "counter": ("A write counts a generation on", Counted),
    "after": ("A write renews a random token after its commit", GrantedAfter),
    "before": ("A write renews a random token before its commit", GrantedBefore),
    "both": ("A write renews the token before and after", RenewedOnBothSides),
    "intent": ("A write adds an intent: the protocol", World),
}
# The parts of the last rung: it breaks without any of them, too.
LEFT_OUT = {
    "query-first": ("The stamps are read after the query", StampsReadAfterTheQuery),
    "unrenewed": ("A write adds its intent without renewing", IntentWithoutRenewing),
    "one-marker": ("One marker for all writers", OneMarker),
    "no-quarantine": ("A lost stamp is made anew, and trusted", NoQuarantine),
}
SEARCHED = LADDER | LEFT_OUT


def found_on(name):
    """Return the Findings on a rung, with one list and two writers."""
    _, world = SEARCHED[name]
    form = getattr(world, "form", canonical)
    return explore(world(SCENARIOS[0]), form=form)
