"""After any steps a cached answer is the same as the uncached one, byte for byte."""

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis.stateful import run_state_machine_as_test

from lab.stateful.known_bugs import BUGS
from lab.stateful.machine import Library
from tests.caches import empty

RUN = hypothesis.settings(
    max_examples=10,
    stateful_step_count=20,
    database=None,
    suppress_health_check=list(HealthCheck),
)

# Beside the store in memory an SQLite file notes by itself what is written.
REDIS = pytest.mark.parametrize("store", ["redis"], indirect=True)
EACH_BUG = pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)


@pytest.fixture(autouse=True)
def _small_bodies_compressed_too(store, settings):
    settings.CACHING = settings.CACHING | {"compress_from": 200}
    empty()


@pytest.mark.long
def test_a_cached_answer_is_the_uncached_one():
    Library.results.clear()
    run_state_machine_as_test(Library, settings=RUN)
    assert Library.results["HIT"] > Library.results.total() / 4, Library.results


@REDIS
@EACH_BUG
def test_a_bug_of_the_past_turns_the_machine_red(bug, monkeypatch):
    steps, complaint = BUGS[bug]
    # Without the bug the steps pass.
    take(Library(), steps)
    bug(monkeypatch)
    with pytest.raises(AssertionError, match=complaint):
        take(Library(), steps)


def take(machine, steps):
    for name, arguments in steps:
        getattr(machine, name)(**arguments)
        machine.cached_is_uncached()
