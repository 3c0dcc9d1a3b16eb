"""The model checker tries all orders of two writers and two readers."""

import random

from caching.dependencies import Table
from caching.reads import CacheSpec, Missing, check_stamps
from caching.stamps import Change
from caching.stores.memory import MemoryStore
from course.marks import wrong
from lab.model_checker.search import explore
from lab.model_checker.state import Scenario
from lab.model_checker.timeline import draw
from lab.model_checker.world import World

TABLES = ("books", "shelves", "tags", "authors", "copies")


def check(seed):
    """Search all orders for a stale answer; then see that answers are stored again."""
    data = random.Random(seed)
    table, row = data.choice(TABLES), str(data.randrange(100))
    change = {table: Change.build([row])}
    scenario = Scenario("two writers", (Table(table),), (change, change))
    findings = explore(World(scenario, losses=0))
    if findings.trace:
        wrong(reason(table, change), list(draw(findings.trace)))
    check_end(table, change)


def reason(table, change):
    """Return the key of what the store does wrong, by its stamps around one write."""
    store = MemoryStore(lease=5)
    before = fields(store, table)
    store.add_intent("one", change)
    during = fields(store, table)
    store.add_intent("two", change)
    both = fields(store, table)
    store.finish("two", change)
    rest = fields(store, table)
    if len(during) == 2:
        sides = before[0] != during[0], both[0] != rest[0]
        return {
            (True, True): "no_intent",
            (True, False): "only_before",
            (False, True): "only_after",
        }.get(sides, "nothing")
    if before[0] == during[0]:
        return "not_renewed"
    return "one_marker" if len(both) < 4 or len(rest) < 3 else "stale"


def fields(store, table):
    """Return token, epoch and intents of a table's stamp."""
    text = store.open([table])[table]
    return text.split(" ")[1:]


def check_end(table, change):
    """After a write, answers must be stored again."""
    store = MemoryStore(lease=5)
    store.open([table])
    store.add_intent("one", change)
    store.finish("one", change)
    found = check_stamps(CacheSpec("key", (Table(table),)), store.open([table]))
    if not isinstance(found, Missing):
        wrong("stays", f"stamp of {table}: {store.open([table])[table]}")
