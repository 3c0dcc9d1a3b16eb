"""On a laptop that has what README.md asks for, and nothing else, all of it works."""

import pytest

from tests.foreign import said
from tests.foreign.root import CannotBeMade

# A careful person's files are nobody else's; their folder is in their own language.
RENDER = """
umask 077
python3 -m venv ~/cookiecutter
~/cookiecutter/bin/pip install --quiet cookiecutter
mkdir -p "$HOME/내 서재"
~/cookiecutter/bin/cookiecutter --no-input --output-dir "$HOME/내 서재" ~/clone
"""
PROJECT = "내 서재/library-api"

pytestmark = [pytest.mark.deep, pytest.mark.minutes(9)]


@pytest.mark.parametrize(
    "suite, python", [("trixie", "3.13"), ("sid", "3.14")], ids=["trixie", "sid"]
)
def test_a_project_is_set_up_linted_and_tested(debian, suite, python, ground_report):
    laptop = debian(suite)
    version = succeed(laptop, "python3", "--version").split()[1]
    assert version.startswith(f"{python}."), version
    ground_report.add(f"Python {version}")
    succeed(laptop, "bash", "-ec", RENDER)
    for target in ("setup", "lint", "test"):
        with ground_report.timed(f"make {target}"):
            done = make(laptop, target)
    ground_report.add(said.check(done))


def succeed(laptop, *command, **options):
    """Run a command in the root that must succeed; return its output."""
    done = laptop.run(*command, **options)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout[-6000:]}"
    return done.stdout


def make(laptop, target, folder=PROJECT):
    command = ("bash", "-c", f"umask 077; make {target}")
    return succeed(laptop, *command, cwd=laptop.home / folder)


def test_the_demo_runs_from_a_clone(debian, ground_report):
    laptop = debian("trixie")
    with ground_report.timed("make demo"):
        shown = make(laptop, "demo ARGS='--once --port=0'", "clone")
    assert "16 of 16 steps did what they should" in shown


def test_a_system_that_can_not_be_made_says_why(debian):
    with pytest.raises(CannotBeMade, match="mmdebstrap failed"):
        debian("no-such-suite")
