"""The rendered project passes its own checks, set up as a student does it."""

import re
import shutil
import stat

import pytest

from docs.tools.facts import settings
from tests.baking import ROOT, BakedProject
from tests.foreign.said import counts

SECRET = re.compile(r"^(\w+)=(.+)$", re.MULTILINE)
PRODUCTION = {
    "ALLOWED_HOSTS": "library.example.com",
    "USE_HTTPS": "on",
    "SECRET_KEY": "production-" + "s" * 50,
    "JWT_SECRET_KEY": "production-" + "j" * 50,
}


def secrets_of(project):
    values = dict(SECRET.findall(project.read(".env")))
    return values["SECRET_KEY"], values["JWT_SECRET_KEY"]


def test_setup_makes_secrets_that_nobody_else_has(project):
    django, jwt = secrets_of(project)
    assert len({django, jwt}) == 2
    assert min(len(django), len(jwt)) >= 32
    assert "change-me" not in django + jwt
    assert stat.S_IMODE((project.path / ".env").stat().st_mode) == 0o600


def test_a_second_setup_keeps_the_secrets(project):
    before = project.read(".env")
    project.run("make", "setup")
    assert project.read(".env") == before


def test_the_example_secrets_are_refused_in_one_line(project, tmp_path):
    example = tmp_path / ".env"
    example.write_text(project.read(".env.example"), encoding="utf-8")
    done = project.try_to_run(
        *(".venv/bin/python", "manage.py", "check"), DOTENV=str(example)
    )
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("SECRET_KEY ")


def test_every_variable_of_the_example_is_one_that_the_settings_read(project):
    named = set(re.findall(r"^#? ?([A-Z_]+)=", project.read(".env.example"), re.M))
    names = ("settings.py", "environment.py", "gunicorn.py")
    sources = "".join(project.read(f"config/{name}") for name in names)
    read = set(re.findall(r"""["']([A-Z_]{3,})["']""", sources))
    assert {"SECRET_KEY", "DATABASE_URL"} <= named
    assert named - read == set()


def test_the_example_explains_every_variable_that_is_read(project):
    words = set(re.findall(r"[A-Z_]{3,}", project.read(".env.example")))
    # What .env.example names may reach the API; the administrator's address must not.
    # A deploy sets a migration's limit.
    of_a_deploy = {"DATABASE_ADMIN_URL", "MIGRATION_STATEMENT_TIMEOUT"}
    assert set(settings()) - words == of_a_deploy


def test_lint_is_clean(project):
    project.run("make", "lint")


@pytest.mark.minutes(4)
def test_without_the_lab_lint_and_tests_pass(project, rendered, tmp_path):
    """All but the long ones on SQLite, and a few on PostgreSQL: other roots run all."""
    copy = BakedProject(shutil.copytree(rendered.path, tmp_path / "project"))
    shutil.rmtree(copy.path / "lab")
    venv = project.path / ".venv"
    said = copy.run("make", "lint", "test", "ARGS=-k test_loans", f"VENV={venv}")
    runs = ["on SQLite", "on PostgreSQL"]
    assert re.findall(r"=== The tests (.+) ===", said) == runs
    assert [run["passed"] > 0 for run in counts(said)] == [True, True]
    copy.run(venv / "bin/python", "-m", "pytest", "--quick", "-n2", "--dist=worksteal")


def test_the_deep_tests_script_finds_what_it_imports(project):
    """It runs in the rendered project, whose `tests` is another package than ours."""
    script = str(ROOT / "tests/deploy/domain_server.py")
    load = f"import runpy; runpy.run_path({script!r})"
    python = project.path / ".venv/bin/python"
    project.run(python, "-c", load, PYTHONPATH=str(project.path))


def test_production_settings_raise_no_warning(project):
    said = project.manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert "no issues" in said


def test_no_migration_is_missing(project):
    said = project.manage("makemigrations", "--check", "--dry-run", **PRODUCTION)
    assert "No changes detected" in said


def test_the_schema_is_what_the_code_says(project):
    committed = project.read("REST_API_SPEC.yaml")
    try:
        project.run("make", "schema")
        assert project.read("REST_API_SPEC.yaml") == committed
    finally:
        (project.path / "REST_API_SPEC.yaml").write_text(committed, encoding="utf-8")


def test_help_explains_every_target(project):
    targets = re.findall(r"^\.PHONY: (.+)$", project.read("Makefile"), re.MULTILINE)
    named = set(" ".join(targets).split()) - {"install"}
    explained = set(re.findall(r"make ([\w-]+) ", project.run("make", "help")))
    assert {"setup", "run", "test", "doctor"} <= explained
    assert named - explained == set()


def test_nothing_that_runs_leaves_a_file_git_would_commit(project, rendered):
    """Whatever ran before in this project: git still sees the rendered files only."""
    project.run("git", "init", "--quiet")
    seen = project.run("git", "ls-files", "-z", "--others", "--exclude-standard")
    assert sorted(filter(None, seen.split("\0"))) == rendered.files()
