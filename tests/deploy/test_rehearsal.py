"""The rehearsal, played in full: no deploy loses a request or a row."""

import json
import os

import pytest

from tests.deploy.conftest import docker

LABEL = "library.rehearsal"
COSTLY = {"host restart", "control: down && up"}
SCENARIOS = {
    "good release",
    "unhealthy release",
    "crash at start",
    "missing tag",
    "two deploys at once",
    "killed before the start",
    "killed before the switch",
    "killed after the switch",
    "expanding migration",
    "--rollback",
}


def labelled():
    """Every container, volume and image that a rehearsal made."""
    only = ("--quiet", "--filter", f"label={LABEL}")
    kinds = (("ps", "--all"), ("volume", "ls"), ("image", "ls"))
    return [line for kind in kinds for line in docker(*kind, *only).split()]


@pytest.fixture(scope="module")
def rehearsal(base_images, project, tmp_path_factory):
    """Play all scenarios; gives what the program said and its report."""
    # Another rehearsal on this machine, or one that was killed, is not this one's.
    there_before = set(labelled())
    folder = tmp_path_factory.mktemp("rehearsal")
    done = project.try_to_run("make", "rehearse", f"ARGS=--report {folder}")
    assert (folder / "report.json").is_file(), done.stdout
    print(done.stdout)
    done.left = set(labelled()) - there_before
    return done, folder


def test_no_request_and_no_row_is_lost(rehearsal):
    done, folder = rehearsal
    outcomes = json.loads((folder / "report.json").read_text())["outcomes"]
    seen = {outcome["name"]: outcome for outcome in outcomes}
    assert seen.keys() == SCENARIOS | COSTLY
    assert {name: seen[name]["failed"] for name in SCENARIOS} == dict.fromkeys(
        SCENARIOS, 0
    )
    assert {name: outcome["lost"] for name, outcome in seen.items()} == dict.fromkeys(
        seen, 0
    )
    # The load was one that can fail.
    assert seen["control: down && up"]["failed"] > 0
    assert all(outcome["acknowledged"] > 0 for outcome in outcomes)
    assert done.returncode == 0, done.stdout


def test_a_bad_release_answers_nobody(rehearsal):
    _, folder = rehearsal
    outcomes = json.loads((folder / "report.json").read_text())["outcomes"]
    answered = {release for outcome in outcomes for release in outcome["releases"]}
    assert answered == {"v1", "v2", "v3", "v4", "expanding"}


def test_it_ends_with_a_table_and_a_timeline(rehearsal):
    done, folder = rehearsal
    assert "| scenario " in done.stdout
    assert (folder / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "report.md").read_text().startswith("# Rehearsal")


def test_nothing_of_it_is_left(rehearsal):
    done, _ = rehearsal
    assert done.left == set()
    assert docker("image", "ls", "--quiet", "python:3.13-slim")


def test_without_docker_it_says_what_to_install(project, tmp_path):
    done = project.try_to_run(
        *(project.path / ".venv/bin/python", "-m", "rehearsal"), PATH=str(tmp_path)
    )
    assert done.returncode == 1
    assert "Docker is not installed: see docs.docker.com" in done.stdout


def test_without_an_engine_it_says_to_start_it(engine, project, tmp_path):
    done = project.try_to_run(
        *(project.path / ".venv/bin/python", "-m", "rehearsal"),
        DOCKER_HOST=f"unix://{tmp_path}/no.sock",
        PATH=os.environ["PATH"],
    )
    assert done.returncode == 1
    assert "Docker does not answer; start it first" in done.stdout


def test_a_scenario_that_does_not_exist_is_refused_with_those_that_do(project):
    done = project.try_to_run(
        *(project.path / ".venv/bin/python", "-m", "rehearsal", "--only", "nonsense")
    )
    assert done.returncode == 2
    assert "good release" in done.stdout
