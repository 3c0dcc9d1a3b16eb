"""The deployment says which settings are missing; without any it does nothing."""

import json
import subprocess
import sys

import pytest

from ci.release import server, settings

pytestmark = pytest.mark.once

COMPLETE = dict.fromkeys(settings.needed({}), "set")
# The server's variables stay set when a project has outgrown it.
ON_ECS = COMPLETE | dict.fromkeys(settings.ON_ECS, "set")
TAG = "a" * 40


def run_settings(tmp_path, variables, tag=TAG):
    output = tmp_path / "output"
    environment = {
        "VARIABLES": json.dumps(variables),
        "TAG": tag,
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    command = [sys.executable, "-m", "ci.release", "settings"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    return done, output.read_text() if output.exists() else ""


def test_a_repository_without_aws_is_green_and_says_so(tmp_path):
    done, output = run_settings(tmp_path, {"SOMETHING_ELSE": "set"})
    assert done.returncode == 0
    assert output == "configured=false\n"
    assert "AWS is not configured" in (tmp_path / "summary").read_text()


def test_a_complete_one_is_deployed_to(tmp_path):
    done, output = run_settings(tmp_path, COMPLETE)
    assert (done.returncode, output) == (0, "configured=true\n")


@pytest.mark.parametrize("name", COMPLETE)
def test_the_one_that_is_missing_is_named_with_how_to_set_it(tmp_path, name):
    done, _ = run_settings(tmp_path, COMPLETE | {name: ""})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"not set: {name}. Set them with: terraform" in line
    assert name in (tmp_path / "summary").read_text()


@pytest.mark.parametrize("name", settings.needed(ON_ECS))
def test_on_ecs_the_other_root_sets_what_is_missing(tmp_path, name):
    done, _ = run_settings(tmp_path, ON_ECS | {name: ""})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"not set: {name}. Set them with: terraform -chdir=terraform/sc" in line


def test_ecs_needs_no_server(tmp_path):
    without = ON_ECS | dict.fromkeys(settings.ON_SERVER, "")
    assert run_settings(tmp_path, without)[1] == "configured=true\n"


@pytest.mark.parametrize("variables, code", [(COMPLETE, 1), (ON_ECS, 0)])
def test_the_release_before_has_a_name_where_ecs_knows_it(tmp_path, variables, code):
    done, _ = run_settings(tmp_path, variables, "previous")
    assert done.returncode == code, done.stderr


def test_an_empty_role_is_explained(tmp_path):
    done, _ = run_settings(tmp_path, COMPLETE | {"AWS_DEPLOY_ROLE": ""})
    assert "github_subject_prefix" in done.stderr


@pytest.mark.parametrize("tag", ["", "main", "v1", "abc", "A" * 40, f"{TAG}; id"])
def test_what_can_be_no_commit_is_refused(tmp_path, tag):
    done, _ = run_settings(tmp_path, COMPLETE, tag)
    assert done.returncode == 1
    assert "is no release" in done.stderr


def test_a_step_that_does_not_exist_is_refused():
    command = [sys.executable, "-m", "ci.release", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "usage: python -m ci.release STEP, which is one of settings" in done.stderr


def test_only_what_is_new_of_an_output_is_shown(capsys):
    shown = {"StandardOutputContent": "", "StandardErrorContent": ""}
    server.show_new({"StandardOutputContent": "pulling\n"}, shown)
    server.show_new({"StandardOutputContent": "pulling\nhealthy\n"}, shown)
    assert capsys.readouterr().out == "  pulling\n  healthy\n"
