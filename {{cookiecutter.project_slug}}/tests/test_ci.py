"""`python -m ci` fails if a check failed, and each check's commands are there."""

import importlib.util
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from ci import PROJECT, __main__, checks, play, report
from ci.checks import BIN, CHECKS, PYTHON, Step

pytestmark = pytest.mark.once


@pytest.fixture
def ci(tmp_path, monkeypatch):
    """Return a function that runs `python -m ci` with checks that end with a code."""
    # On GitHub, the report would be the job's summary.
    for variable in filter(re.compile("GITHUB_|NEEDS").match, list(os.environ)):
        monkeypatch.delenv(variable)
    for module in (play, report):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    for name in CHECKS:
        monkeypatch.setitem(CHECKS, name, lambda: [python(0)])

    def run(*words, **codes):
        for name, code in codes.items():
            monkeypatch.setitem(CHECKS, name, lambda code=code: [python(code)])
        monkeypatch.setattr(sys, "argv", ["ci", *words])
        __main__.main()
        return {path.name for path in tmp_path.iterdir()}

    return run


def python(code):
    return Step("only", (sys.executable, "-c", f"raise SystemExit({code})"))


def test_all_checks_are_played_and_reported(ci):
    assert ci() == {*CHECKS, "comment.md"}


def test_one_check_alone_is_not_reported(ci):
    assert ci("style") == {"style"}


def test_those_that_failed_are_named_and_it_fails(ci):
    with pytest.raises(SystemExit, match="^Failed: style, scripts$"):
        ci(style=1, scripts=2)
    with pytest.raises(SystemExit, match="^Failed: style$"):
        ci("style")
    ci("tests", "image")


def test_a_check_that_there_is_not_is_refused(ci, capsys):
    with pytest.raises(SystemExit) as refused:
        ci("style", "stile")
    assert refused.value.code == 2
    assert "'stile' is no check; there are: style, " in capsys.readouterr().err


def test_it_reports_again_what_was_played(ci):
    ci("style")
    assert ci("report") == {"style", "comment.md"}


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_a_job_that_did_not_succeed_blocks_the_merge(ci, monkeypatch, result):
    needs = {"style": {"result": "success"}, "tests": {"result": result}}
    monkeypatch.setenv("NEEDS", json.dumps(needs))
    with pytest.raises(SystemExit, match="^Not ready to merge, because of: tests$"):
        ci("ready")


def test_when_all_jobs_succeeded_it_may_be_merged(ci, monkeypatch, capsys):
    monkeypatch.setenv("NEEDS", json.dumps({"style": {"result": "success"}}))
    ci("ready")
    assert capsys.readouterr().out == "Ready to merge.\n"


def test_the_commands_of_all_checks_are_there(monkeypatch):
    monkeypatch.delenv("ARGS", raising=False)
    commands = [step.command for check in CHECKS.values() for step in check()]
    missing = [(word, each) for each in commands for word in missing_in(*each)]
    assert not missing


@pytest.mark.parametrize("there", [True, False])
def test_the_labs_contracts_are_checked_where_the_lab_is(monkeypatch, tmp_path, there):
    if there:
        (tmp_path / checks.LAB).parent.mkdir()
        (tmp_path / checks.LAB).touch()
    monkeypatch.setattr(checks, "PROJECT", tmp_path)
    found = [each.command for each in checks.style() if "contracts" in each.name]
    linter = (BIN / "lint-imports", "--no-cache")
    assert found == [linter, *[(*linter, "--config", checks.LAB)] * there]


def test_our_shell_scripts_are_checked_and_those_of_packages_are_not(
    monkeypatch, tmp_path
):
    for name in ("b.sh", "scripts/a.sh", ".venv/lib/theirs.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(checks, "PROJECT", tmp_path)
    [step] = checks.scripts()
    ours = (Path("b.sh"), Path("scripts/a.sh"))
    assert step.command == ("shellcheck", "--external-sources", *ours)


def missing_in(program, *words):
    """Return the words of a command which name what is not there."""
    words = [word.removeprefix("-chdir=") for word in map(str, words)]
    if program == PYTHON and words[0] == "-m":
        known, word = importlib.util.find_spec(words[1]), words[1]
    elif program == PYTHON:
        known, word = words[1] in get_commands(), words[1]
    else:
        # Of other programs, only those that are installed with the packages.
        beside_python, word = str(Path(sys.executable).parent), Path(program).name
        known = Path(program).parent != BIN or shutil.which(word, path=beside_python)
    files = [
        each for each in words if not each.startswith("-") and set("/.") & set(each)
    ]
    missing = [each for each in files if not (PROJECT / each).exists()]
    return missing if known else [word, *missing]
