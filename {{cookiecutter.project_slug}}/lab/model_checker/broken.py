"""The protocol with one thing left out: each of these serves a stale answer."""

from caching import stamps
from caching.reads import Hit, Missing, lookup, reopen
from caching.stores.memory import MemoryStore
from lab.model_checker.state import SCENARIOS
from lab.model_checker.world import World, read


class StampsReadAfterTheQuery(World):
    """A reader stores its answer under the stamps that it reads after the query."""

    def _looking(self, state, number):
        [seen], state = self._step(state, lambda store: lookup(store, [self.spec]))
        if isinstance(seen, Hit):
            return self.hit(state, number, seen.entry)
        after = state.readers[number]._replace(at="asking")
        return read(state, number, "looks: nothing kept", after)

    def _asking(self, state, number):
        move = super()._asking(state, number)
        after = move.state.readers[number]._replace(at="opening")
        return read(move.state, number, move.does, after)

    def _opening(self, state, number):
        seen, state = self._step(state, lambda store: reopen(store, self.spec))
        reader = state.readers[number]
        if isinstance(seen, Missing):
            after = reader._replace(at="keeping", version=seen.version)
            return read(state, number, "reads the stamps", after)
        return read(state, number, "BYPASS", reader.next_read(), "bypass")


class RenewedOnlyBefore(World):
    """A write renews the stamps and then commits. (Invalidation in a signal.)"""

    class _Store(MemoryStore):
        def add_intent(self, writer, changes):
            self._renew(changes)

        def finish(self, writer, changes):
            pass

    store_class = _Store
    begins, finishes = "renews the stamps", "does no more"


class RenewedOnlyAfter(World):
    """A write commits and then renews the stamps. (Invalidation on commit.)"""

    class _Store(MemoryStore):
        def add_intent(self, writer, changes):
            pass

        def finish(self, writer, changes):
            self._renew(changes)

    store_class = _Store
    begins, finishes = "begins", "renews the stamps"


class IntentWithoutRenewing(World):
    """A write adds its intent, but renews the tokens only when it finishes."""

    class _Store(MemoryStore):
        def add_intent(self, writer, changes):
            tokens = {t: self._fields(t)[:2] for t in changes if t in self.tables}
            rows = dict(self.kept)
            super().add_intent(writer, changes)
            for table, old in tokens.items():
                new = self.tables[table].split(" ")
                self.tables[table] = stamps.format_stamp([*old, *new[3:]])
            self.kept.update(rows)

    store_class = _Store


class OneMarker(World):
    """There is one marker, the last writer's; a writer removes it if it is its own."""

    class _Store(MemoryStore):
        def add_intent(self, writer, changes):
            super().add_intent(writer, changes)
            for table in changes:
                _, token, epoch, *_, mine = self.tables[table].split(" ")
                self.tables[table] = stamps.format_stamp([token, epoch, mine])

        def finish(self, writer, changes):
            for table, rows in changes.items():
                if f" {writer}:" in self.tables.get(table, ""):
                    super().finish(writer, {table: rows})

    store_class = _Store


class NoQuarantine(World):
    """A stamp that was lost is made anew as if it had held no intents."""

    quarantines = False


class KeptWithoutLooking(World):
    """A reader stores its list although a row that it shows has an intent."""

    def _keeping(self, state, number):
        blind = state.readers[number]._replace(changing=frozenset())
        readers = state.readers[:number] + (blind,) + state.readers[number + 1 :]
        return super()._keeping(state._replace(readers=readers), number)


class FieldsForgotten(World):
    """A list depends on the rows that it shows, not on the fields that choose them."""

    def __init__(self, scenario, **options):
        blind = [each._replace(fields=frozenset()) for each in scenario.depends_on]
        super().__init__(scenario._replace(depends_on=tuple(blind)), **options)


BROKEN = {
    "the stamps are read after the query": StampsReadAfterTheQuery,
    "they are renewed only before the commit": RenewedOnlyBefore,
    "they are renewed only after the commit": RenewedOnlyAfter,
    "a write adds its intent without renewing": IntentWithoutRenewing,
    "one marker, compared and set, instead of a list": OneMarker,
    "a lost stamp is made anew without quarantine": NoQuarantine,
}
# Parts that only lists of selected rows need, with the scenarios that show it.
LENDING, RETITLING = SCENARIOS[4:6]
BROKEN_SELECTIONS = {
    "a list is kept though a row that it shows is being written": (
        KeptWithoutLooking,
        LENDING,
    ),
    "a list does not depend on the fields that it is chosen by": (
        FieldsForgotten,
        RETITLING,
    ),
}
