"""On a laptop that has what README.md asks for, and nothing else, all of it works."""

import pytest

from tests.foreign import said
from tests.foreign.conftest import prefix_of
from tests.foreign.root import CannotBeMade
from tests.layers import leave_out

# A careful person's files are nobody else's; their folder is in their own language.
RENDER = """
umask 077
python3 -m venv ~/cookiecutter
~/cookiecutter/bin/pip install --quiet cookiecutter
mkdir -p "$HOME/내 서재"
~/cookiecutter/bin/cookiecutter --no-input --output-dir "$HOME/내 서재" ~/clone
"""
PROJECT = "내 서재/library-api"


@pytest.mark.minutes(9)
@pytest.mark.parametrize(
    "suite, python", [("trixie", "3.13"), ("sid", "3.14")], ids=["trixie", "sid"]
)
def test_a_project_is_set_up_linted_and_tested(
    debian, with_python, suite, python, ground_report
):
    try:
        laptop = debian(suite)
    except CannotBeMade as why:
        # Sid moves every day. Its Python is what we are after.
        ground_report.add(f"NO ROOT of {suite}, so another Python {python}: {why}")
        prefix = prefix_of(python)
        assert prefix, f"no root of {suite}, and no other Python {python}: {why}"
        laptop = with_python(prefix)
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


@pytest.mark.minutes(2)
def test_the_demo_runs_from_a_clone(debian, ground_report):
    laptop = debian("trixie")
    with ground_report.timed("make demo"):
        shown = make(laptop, "demo ARGS='--once --port=0'", "clone")
    assert "16 of 16 steps did what they should" in shown


def test_a_python_of_this_machine_takes_the_place_of_a_systems(with_python):
    prefix = prefix_of("3.11") or prefix_of("3.12")
    if not prefix:
        leave_out("no Python in a folder of its own")
    laptop = with_python(prefix)
    said = succeed(laptop, "python3", "-c", "import ssl, sys; print(sys.prefix)")
    assert said == f"{prefix}\n"


def test_a_system_that_can_not_be_made_says_why(debian):
    with pytest.raises(CannotBeMade, match="mmdebstrap failed"):
        debian("no-such-suite")
