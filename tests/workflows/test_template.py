"""The template's own CI, played: its commands exist, and its last job sees all."""

import os
import sys

import pytest

from tests.baking import ROOT
from tests.workflows.player import Job, Machine, play

pytestmark = pytest.mark.deep
PUSH = {"github": {"event_name": "push", "ref": "refs/heads/main", "sha": "a" * 40}}
# The tests themselves run in the job `everything`, as this one does just now: here
# they are only collected, and pip only says what it would do.
ONLY_LOOK = {"PYTEST_ADDOPTS": "--collect-only", "PIP_DRY_RUN": "1"}


def ci(repository, folder, **done):
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    machine = Machine(
        *(repository, folder, PUSH),
        environment={"PATH": path},
        extra={"rendering": ONLY_LOOK},
        done=done,
    )
    return play(machine, "ci.yml")


def test_it_is_ready_if_every_job_succeeded(repository, tmp_path):
    jobs = ci(repository, tmp_path / "play", everything=Job("success"))
    rendering = jobs["rendering"]
    assert rendering.result == "success", rendering.log
    assert "tests/test_hooks.py" in rendering.log
    assert jobs["ready-to-merge"].result == "success"

    for bad in ("failure", "skipped"):
        done = {"everything": Job(bad), "rendering": rendering}
        jobs = ci(repository, tmp_path / "play", **done)
        assert jobs["ready-to-merge"].result == "failure"


def test_everything_is_the_command_that_proves_a_clone(template):
    workflow = (template / ".github/workflows/ci.yml").read_text()
    assert "      - run: .ci/run\n" in workflow
    assert os.access(ROOT / ".ci/run", os.X_OK)
