"""Shell scripts and workflows of the template and of the project are sound."""

import re
import shutil
import sys

import pytest
import yaml

from tests.baking import (
    FOLDER,
    ROOT,
    clean_environment,
    commit_everything,
    run,
    succeed,
)

SHELL = re.compile(rb"#!.*\b(ba|da)?sh\b")


def shell_scripts(template):
    files = (path for path in template.rglob("*") if path.is_file())
    return [
        path for path in files if path.suffix == ".sh" or SHELL.match(path.read_bytes())
    ]


def test_shell_scripts_pass_shellcheck(template, tool):
    # The wrong solutions of the exercises are wrong.
    scripts = [path for path in shell_scripts(template) if "wrong" not in path.parts]
    assert template / ".ci/run" in scripts
    succeed(tool("shellcheck"), *scripts, cwd=template)


@pytest.mark.parametrize("house", ["the template", "a project"])
def test_workflows_are_valid(house, repository, bake, tool):
    if house == "a project":
        repository = bake().path
        # actionlint finds a called workflow from the repository's root.
        commit_everything(repository)
    folder = repository / ".github"
    workflows = sorted(folder.glob("workflows/*.yml"))
    assert workflows
    lint = (tool("actionlint"), "-shellcheck", tool("shellcheck"))
    succeed(*lint, *workflows, cwd=repository)
    succeed(tool("zizmor"), "--offline", "--quiet", folder, cwd=repository)
    for kind, files in {
        "github-workflows": workflows,
        "dependabot": [folder / "dependabot.yml"],
    }.items():
        schema = ("--builtin-schema", f"vendor.{kind}")
        succeed(tool("check-jsonschema"), *schema, *files, cwd=repository)


def test_a_new_major_of_the_database_is_never_offered(template):
    """It would be green in the checks, and not start on the server's volume."""
    config = yaml.safe_load((template / FOLDER / ".github/dependabot.yml").read_text())
    (compose,) = [
        one for one in config["updates"] if one["package-ecosystem"] == "docker-compose"
    ]
    assert set(compose["directories"]) == {"/", "/scripts"}
    ignored = {one["dependency-name"]: one["update-types"] for one in compose["ignore"]}
    assert ignored == {"postgres": ["version-update:semver-major"]}


def test_help_explains_every_command():
    said = succeed("make", "help", cwd=ROOT)
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.M)[1]
    assert re.findall(r"^make ([a-z-]+) ", said, re.M) == phony.split()


@pytest.fixture
def fresh(template, tmp_path):
    """Run `make` in a clone that has no .venv yet, with an interpreter."""

    def make(python, **variables):
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(template / name, tmp_path)
        for name in ("tools/install.py", "requirements/installer.txt"):
            (tmp_path / FOLDER / name).parent.mkdir(parents=True)
            shutil.copy(template / FOLDER / name, tmp_path / FOLDER / name)
        command = ["make", ".venv/.demo", f"PYTHON={python}"]
        return run(*command, cwd=tmp_path, env=clean_environment(**variables))

    return make


def stand_in(path, body):
    """An interpreter that runs `body`, and asks the real one for all else."""
    path.write_text(f'#!/bin/sh\n{body}\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("python", ["/no/such/python", "false"])
def test_a_python_that_is_none_is_one_clear_line(fresh, python):
    done = fresh(python)
    line, of_make = done.stdout.splitlines()
    assert line.startswith(f"Python 3.11 or newer is needed, and '{python}' is not")
    assert "Error 1" in of_make


def test_a_python_that_cannot_make_environments_is_one_clear_line(fresh, tmp_path):
    without_venv = 'case "$2" in *ensurepip*) exit 1;; esac'
    done = fresh(stand_in(tmp_path / "python", without_venv))
    line, of_make = done.stdout.splitlines()
    assert "cannot make virtual environments" in line
    assert "apt install python3-venv" in line
    assert "Error 1" in of_make


def test_no_network_is_one_clear_line(fresh):
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    done = fresh(sys.executable, PIP_CONFIG_FILE="/dev/null", **nowhere)
    making, installing, no_uv, *why, line, of_make = done.stdout.splitlines()
    assert making.startswith("Making .venv")
    assert installing.startswith("Installing the packages of group 'demo'")
    assert no_uv.startswith("uv could not install them (ERROR: ")
    assert any(each.startswith("ERROR: ") for each in why)
    assert line == "The packages could not be installed: is there a network?"
    assert "Error 1" in of_make
