"""The stamp protocol in every order of its steps, and with one thing left out.

`python -m lab.model_checker` prints what is found, at full size.
"""

import sys

import pytest

from lab.model_checker.broken import BROKEN, BROKEN_SELECTIONS
from lab.model_checker.ladder import LADDER, LEFT_OUT, found_on
from lab.model_checker.search import explore
from lab.model_checker.state import SCENARIOS
from lab.model_checker.timeline import draw
from lab.model_checker.world import World

pytestmark = pytest.mark.long

ONE_TABLE, TWO_TABLES = SCENARIOS[:3], SCENARIOS[3]
SELECTIONS = SCENARIOS[4:]
LOST_WITHOUT_QUARANTINE = """\
      writer 1           reader 1                 world
   1  adds its intent
   2                     looks: write
   3                                              books is LOST
   4                     opens the stamps
   5                     queries: version 0
   6  COMMITs version 1
   7                     keeps version 0
   8                     looks: STALE, version 0"""


@pytest.fixture(autouse=True)
def untraced():
    """Stop tracing for coverage: millions of steps would take twice as long.

    pytest-cov's `no_cover` stops one of the two tracers of pytest-xdist's workers.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


def name_of(scenario):
    return scenario.name


@pytest.mark.parametrize("scenario", ONE_TABLE, ids=name_of)
def test_no_order_of_the_steps_serves_a_stale_answer(scenario):
    found = explore(World(scenario))
    assert "\n".join(draw(found.trace)) == ""
    assert found.schedules > 10**12
    # Each result did occur.
    assert all(found.results[result] > 100 for result in ("hit", "miss", "bypass"))


def test_nor_where_an_answer_depends_on_two_tables():
    found = explore(World(TWO_TABLES, reads=1))
    assert "\n".join(draw(found.trace)) == ""
    assert found.schedules > 10**9


@pytest.mark.parametrize("scenario", SELECTIONS, ids=name_of)
def test_nor_where_a_list_depends_on_some_rows_and_fields(scenario):
    found = explore(World(scenario, reads=1))
    assert "\n".join(draw(found.trace)) == ""
    assert found.schedules > 10**9
    assert all(found.results[result] > 100 for result in ("hit", "miss", "bypass"))


@pytest.mark.parametrize("left_out", BROKEN_SELECTIONS)
def test_a_stale_list_is_found_where_one_thing_is_left_out(left_out):
    world, scenario = BROKEN_SELECTIONS[left_out]
    found = explore(world(scenario))
    assert found.trace[-1].result == "stale"


@pytest.mark.parametrize("scenario", [*SCENARIOS[:2], SCENARIOS[4]], ids=name_of)
@pytest.mark.parametrize("left_out", BROKEN)
def test_a_stale_answer_is_found_where_one_thing_is_left_out(left_out, scenario):
    found = explore(BROKEN[left_out](scenario))
    assert [move.result for move in found.trace].count("stale") == 1
    assert found.trace[-1].result == "stale"


def test_each_rung_of_the_ladder_but_the_last_has_a_race_of_its_own():
    traces = {name: found_on(name).trace for name in LADDER if name != "intent"}
    assert all(trace[-1].result == "stale" for trace in traces.values())
    crashed = {name for name, trace in traces.items() if has(trace, "CRASHES")}
    lost = {name for name, trace in traces.items() if has(trace, "books is LOST")}
    assert (crashed, lost) == ({"after", "both"}, {"counter"})


def has(trace, what):
    return any(move.does == what for move in trace)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_the_last_rung_needs_all_that_it_is_made_of(name):
    assert found_on(name).trace[-1].result == "stale"


def test_the_last_rung_has_none():
    assert LADDER["intent"][1] is World


@pytest.mark.parametrize(
    "scenario,readers,reads",
    [(SCENARIOS[0], 2, 1), *((each, 1, 2) for each in SELECTIONS)],
    ids=lambda given: getattr(given, "name", None),
)
def test_states_count_as_one_only_if_they_are_equal(scenario, readers, reads):
    small = {"losses": 0, "readers": readers, "reads": reads}
    each_once = explore(World(scenario, **small))
    each = explore(World(scenario, **small), form=lambda scenario, state: state)
    assert each_once.states < each.states
    assert each_once.schedules == each.schedules


def test_a_trace_is_drawn_as_a_table():
    world = BROKEN["a lost stamp is made anew without quarantine"](SCENARIOS[0])
    assert "\n".join(draw(explore(world).trace)) == LOST_WITHOUT_QUARANTINE
