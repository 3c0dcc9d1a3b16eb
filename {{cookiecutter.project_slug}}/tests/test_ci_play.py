"""A check runs all its steps, shows them, and writes the result of each."""

import json
import sys

import pytest

from ci import play
from ci.checks import Step

pytestmark = pytest.mark.once


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Run a check of these steps; return the result that it wrote."""
    monkeypatch.setattr(play, "RESULTS", tmp_path)

    def run(*steps):
        monkeypatch.setitem(play.CHECKS, "example", lambda: list(steps))
        failed = play.play("example")
        result = json.loads((tmp_path / "example" / "result.json").read_text())
        assert failed == sum(bool(step["exit_code"]) for step in result["steps"])
        return result["steps"]

    run.folder = tmp_path / "example"
    return run


def python(name, code):
    return Step(name, (sys.executable, "-c", code))


def test_a_failure_does_not_hide_the_next_step(check, capsys):
    steps = check(python("one", "exit(3)"), python("two", "print('here')"))
    assert [step["exit_code"] for step in steps] == [3, 0]
    assert (check.folder / "two.log").read_text() == "here\n"
    shown = capsys.readouterr().out
    assert "=== two ===\nhere\nok: two, " in shown


def test_nothing_of_an_earlier_play_is_left(check):
    check(python("one", "exit(3)"), python("two", "exit(3)"))
    check(python("one", "print()"))
    left = {path.name for path in check.folder.iterdir()}
    assert left == {"one.log", "result.json"}


def test_without_packages_nothing_else_is_tried(check):
    steps = check(python("install", "exit(1)"), python("black", "print()"))
    assert [step["name"] for step in steps] == ["install"]


@pytest.mark.parametrize(
    ("program", "place"),
    [
        ("docker", "https://docs.docker.com/get-docker"),
        ("shellcheck", "https://www.shellcheck.net"),
        ("terraform", "https://developer.hashicorp.com/terraform/install"),
    ],
)
def test_a_missing_program_is_named_with_where_to_get_it(
    check, monkeypatch, program, place
):
    monkeypatch.setenv("PATH", "")
    (step,) = check(Step("fmt", (program, "a/file")))
    assert step["exit_code"] == 127
    said = (check.folder / "fmt.log").read_text()
    assert said == f"{program} is not installed: see {place}\n"


def test_no_path_of_this_machine_gets_into_the_log(check):
    check(python("one", f"print('{play.PROJECT}/books/isbn.py')"))
    assert (check.folder / "one.log").read_text() == "books/isbn.py\n"
