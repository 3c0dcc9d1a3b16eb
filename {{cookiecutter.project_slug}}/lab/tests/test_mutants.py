"""Mutants: each is one small mistake, and a test that would notice it is found."""

import os
import subprocess
import sys
import textwrap

import pytest

from lab.mutants import trial
from lab.mutants.chosen import Chosen
from lab.mutants.mutations import mutants_of
from lab.mutants.results import Kept, Result, explain, score
from lab.mutants.tree import Tree

SOURCE = textwrap.dedent('''
    """A text is no mistake."""

    LIMIT = 3


    @cached
    def within(value: int | None, strict: bool = False) -> bool:
        """Nor is this."""
        if value is None or not strict:
            note("no value")
        return value + 1 < LIMIT
    ''').encode()
MISTAKES = {
    "LIMIT = 4",
    "#",
    "def within(value: int | None, strict: bool = True) -> bool:",
    "    if True:",
    "    if False:",
    "    if (value is None and (not strict)):",
    "    if (value is not None) or not strict:",
    "    if value is None or (strict):",
    "        pass",
    "    return None",
    "    return (value + 1 <= LIMIT)",
    "    return (value - 1) < LIMIT",
    "    return value + 2 < LIMIT",
}


def test_each_is_one_mistake():
    diffs = [each.diff(SOURCE).splitlines() for each in mutants_of("a.py", SOURCE)]
    assert {d[1].removeprefix("+") for d in diffs} == MISTAKES
    assert len(diffs) == len(MISTAKES)
    assert all(len(each) == 2 for each in diffs)


def test_of_a_line_the_quickest_tests_run_that_run_it():
    lines = {"a.py": {1: {"slow", "quick", "failing"}, 2: {"other"}}}
    chosen = Chosen(lines, {"slow": 5.0, "quick": 0.1, "other": 1.0})
    assert chosen.tests_of("a.py", 1, budget=60) == ["quick", "slow"]
    assert chosen.tests_of("a.py", 1, budget=5) == ["quick"]
    # Line 3 runs when it is imported, and nobody knows for which test.
    assert chosen.tests_of("a.py", 3, budget=60) == ["quick", "other", "slow"]
    assert chosen.tests_of("b.py", 1, budget=60) == []


@pytest.fixture
def tree(tmp_path):
    """A tree of one module and its tests."""
    tree = Tree(tmp_path)
    (tmp_path / "conftest.py").write_text("")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "code_under_test.py").write_text("def two():\n    return 2\n")
    (tmp_path / "test_it.py").write_text(
        "from code_under_test import two\n\nFOUR = 2 * two()\n\n\n"
        "def test_four():\n    assert FOUR == 4\n\n\n"
        "def test_two():\n    assert two() == 2\n\n\n"
        "def test_nothing():\n    pass\n"
    )
    return tree


# This tree has no Django.
PLAIN = ("-x", "-q", "-p", "no:django", "-p", "no:cacheprovider")
ENDLESS = b"def two():\n    while True:\n        pass\n"


@pytest.mark.parametrize(
    ("source", "test", "result"),
    [
        (b"def two():\n    return 3\n", "test_two", trial.KILLED),
        (b"def two():\n    return 3\n", "test_nothing", trial.SURVIVED),
        (b"two = 1 / 0\n", "test_nothing", trial.KILLED),
        (ENDLESS, "test_two", trial.TIMEOUT),
    ],
)
def test_a_trial_says_whether_a_test_noticed(tree, source, test, result):
    timeout = 3 if source == ENDLESS else 120
    with tree.changed("code_under_test.py", source):
        outcome = trial.run_anew(tree.folder, [f"test_it.py::{test}"], timeout, PLAIN)
    assert outcome.result == result
    assert (tree.folder / "code_under_test.py").read_bytes().endswith(b"return 2\n")


FORKING = """\
import sys
from pathlib import Path

import pytest

from lab.mutants.trial import Forks

FILE = Path("code_under_test.py").resolve()
TESTS = ["test_it.py::test_nothing", "test_it.py::test_two"]
ON_IMPORT = ["test_it.py::test_four"]


def body(forks):
    for value, tests in ((3, TESTS), (2, TESTS), (4, TESTS), (3, ON_IMPORT)):
        source = f"def two():\\n    return {value}\\n".encode()
        FILE.write_bytes(source)
        results.append(forks.run(FILE, source, tests, 120)[:2])


results = []
sys.path.insert(0, "")
plain = ["-q", "-p", "no:django", "-p", "no:cacheprovider"]
forks = Forks(FILE.parent, body, plain)
pytest.main(plain, plugins=[forks])
print(results)
"""


def test_in_a_fork_a_function_has_the_changed_code(tree):
    (tree.folder / "forking.py").write_text(FORKING)
    env = os.environ | {"PYTHONPATH": os.getcwd()}
    command = [sys.executable, "forking.py"]
    shown = subprocess.run(
        command, cwd=tree.folder, env=env, check=True, text=True, capture_output=True
    ).stdout
    noticed = (trial.KILLED, "test_it.py::test_two")
    noticed_anew = (trial.KILLED, "")
    expected = [noticed, (trial.SURVIVED, ""), noticed, noticed_anew]
    assert shown.splitlines()[-1] == str(expected)


def test_an_interrupted_run_goes_on(tmp_path):
    first, second, *_ = mutants_of("a.py", SOURCE)
    kept = Kept(tmp_path / "results.jsonl")
    kept.add(first, first.diff(SOURCE), trial.Outcome(trial.KILLED, "a test", 1.0))
    kept.add(second, second.diff(SOURCE), trial.Outcome(trial.SURVIVED))
    again = Kept(tmp_path / "results.jsonl")
    assert again.has(first, first.diff(SOURCE))
    assert [each.result for each in again.results] == [trial.KILLED, trial.SURVIVED]
    again.forget(every=False)
    assert not Kept(tmp_path / "results.jsonl").has(second, second.diff(SOURCE))


def test_the_score_leaves_out_what_is_explained():
    def result(outcome, why=""):
        return Result("a.py", 1, "constant", "-a\n+b", outcome, "", 0.0, why)

    found = [result(trial.KILLED), result(trial.SURVIVED), result(trial.TIMEOUT)]
    assert score(found) == pytest.approx(2 / 3)
    assert score([*found, result(trial.SURVIVED, why="the same")]) == score(found)
    assert [each.why for each in explain(found)] == [""] * 3
