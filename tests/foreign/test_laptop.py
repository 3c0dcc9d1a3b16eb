"""Everything works on a laptop that has only what README.md asks for."""

import pytest

from tests.foreign import said
from tests.foreign.conftest import prefix_of
from tests.foreign.root import CannotBeMade
from tests.layers import leave_out

# Only the owner may read the files, and the folder's name is Korean.
RENDER = """
umask 077
git clone --quiet ~/clone ~/"$FOLDER-template"
python3 -m venv ~/"$FOLDER-tools"
~/"$FOLDER-tools"/bin/pip install --quiet cookiecutter
~/"$FOLDER-tools"/bin/cookiecutter --no-input --output-dir ~/"$FOLDER" \
  ~/"$FOLDER-template"
"""
# Python tries a temporary folder with a file of four bytes. A process that is killed at
# that moment, as some of the tests do, leaves it: that is not ours.
LEFT = ("find", ".", "-mindepth", "1", "-maxdepth", "1", "-not")
LEFT += ("(", "-type", "f", "-size", "-5c", "-name", "????????", ")", "-printf", "%f\n")
OTHERS_MAY = ("find", ".", "-perm", "/077", "-not", "-type", "l")


# The newest Django takes the place of the locked one where the locked one is proved
# already: with Python 3.13 in GitHub's root.
SUITES = [
    pytest.param("trixie", "3.13", "newest", id="trixie"),
    pytest.param("sid", "3.14", "locked", id="sid"),
]
UPGRADE = ".venv/bin/uv pip install --quiet --upgrade --python .venv/bin/python django"
# The long ones run once, in GitHub's root (Python 3.13): CI has 90 minutes.
TESTS = "test ARGS=--quick"
# Left in a shell by other projects: no test may mind it.
SHELL_SAYS = {
    "ALLOWED_HOSTS": "elsewhere.example.org",
    "DEBUG": "maybe",
    "DJANGO_SETTINGS_MODULE": "elsewhere.settings",
    "GUNICORN_CMD_ARGS": "--workers=7",
    "HOST": "::",
    "PORT": "9",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "short",
    "THROTTLE_LOGIN": "1/day",
    "TZ": "Asia/Seoul",
}


@pytest.mark.minutes(12)
@pytest.mark.parametrize("suite, python, django", SUITES)
def test_a_project_is_set_up_linted_and_tested(
    debian, with_python, suite, python, django, platform_report
):
    try:
        laptop = debian(suite)
    except CannotBeMade as why:
        # Sid changes every day; it is used for its Python.
        platform_report.add(f"NO ROOT of {suite}, so another Python {python}: {why}")
        prefix = prefix_of(python)
        assert prefix, f"no root of {suite}, and no other Python {python}: {why}"
        laptop = with_python(prefix)
    version = succeed(laptop, "python3", "--version").split()[1]
    assert version.startswith(f"{python}."), version
    platform_report.add(f"Python {version}")
    project = render(laptop, f"내 서재 {suite}")
    assert succeed(laptop, *OTHERS_MAY, cwd=project) == ""
    for target in ("setup", "lint"):
        with platform_report.timed(f"make {target}"):
            make(laptop, target, project)
    if django == "newest":
        succeed(laptop, *UPGRADE.split(), cwd=project)
    found = django_of(laptop, project)
    assert found.startswith("5.2.") == (django == "locked"), found
    platform_report.add(f"the {django} Django, {found}")
    temporary = laptop.home / f"tmp-{suite}"
    succeed(laptop, "mkdir", temporary)
    with platform_report.timed(f"make {TESTS}"):
        shell = SHELL_SAYS | {"TMPDIR": str(temporary)}
        done = make(laptop, TESTS, project, shell)
    platform_report.add(said.check(done, said.NO_TRIGRAMS, said.LONG))
    left = succeed(laptop, *LEFT, cwd=temporary).split()
    assert left == [f"pytest-of-{laptop.user}"], "the tests left their things there"


def django_of(laptop, project):
    """Return the version of Django that a project's tests will import."""
    show = (".venv/bin/python", "-m", "django", "--version")
    return succeed(laptop, *show, cwd=project).strip()


def succeed(laptop, *command, **options):
    """Run a command in the root that must succeed; return its output."""
    done = laptop.run(*command, **options)
    why = [line for line in done.stdout.splitlines() if line.startswith("E  ")]
    shown = "\n".join([*why[:100], done.stdout[-6000:]])
    assert done.returncode == 0, f"{command} failed:\n{shown}"
    return done.stdout


def render(laptop, folder):
    """Render the defaults into a folder of the student's; return the project's."""
    succeed(laptop, "bash", "-ec", RENDER, env={"FOLDER": folder})
    return laptop.home / folder / "library-api"


def make(laptop, target, folder, shell=None):
    """Run make there as somebody whose files nobody else may read.

    `shell` holds the variables that are set where it runs.
    """
    command = ("bash", "-c", f"umask 077; make {target}")
    return succeed(laptop, *command, cwd=folder, env=shell)


@pytest.mark.minutes(2)
def test_the_demo_runs_from_a_clone(debian, platform_report):
    laptop = debian("trixie")
    with platform_report.timed("make demo"):
        demo = "demo ARGS='--once --port=0'"
        shown = make(laptop, demo, laptop.home / "clone")
    assert "16 of 16 steps did what they should" in shown


def test_a_python_of_this_machine_takes_the_place_of_a_systems(with_python):
    prefix = prefix_of("3.11") or prefix_of("3.12")
    if not prefix:
        leave_out("no Python in a folder of its own")
    laptop = with_python(prefix)
    shown = succeed(laptop, "python3", "-c", "import ssl, sys; print(sys.prefix)")
    assert shown == f"{prefix}\n"


def test_a_file_on_the_way_to_packages_is_there_too(debian, tmp_path, monkeypatch):
    authorities = tmp_path / "of the company.pem"
    authorities.write_text("trust us")
    monkeypatch.setenv("PIP_CERT", str(authorities))
    shown = succeed(debian("trixie"), "sh", "-c", 'cat "$PIP_CERT"')
    assert shown == "trust us"


def test_a_system_that_can_not_be_made_says_why(debian):
    with pytest.raises(CannotBeMade, match="mmdebstrap failed"):
        debian("no-such-suite")
