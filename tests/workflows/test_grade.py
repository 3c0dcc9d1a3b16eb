"""A starter's own workflow, played: it checks what is pushed and shows the progress."""

import shutil

import pytest

from coursework import starter
from coursework.catalogue import choose
from tests.baking import FOLDER, commit_everything
from tests.workflows.player import Machine, play

PUSH = {"github": {"event_name": "push", "ref": "refs/heads/main", "sha": "a" * 40}}


@pytest.mark.deep
def test_a_push_shows_what_is_solved_and_what_is_next(project, template, tmp_path):
    exercises = choose("3-4")
    begun = starter.make(tmp_path / "starter", exercises)
    solved = exercises[1].file
    shutil.copy(template / FOLDER / solved, begun / solved)
    commit_everything(begun)
    venv = project.path / ".venv"
    own = {"environment": {"VENV": str(venv)}, "venv": venv}
    [job] = play(Machine(begun, tmp_path / "play", PUSH, **own), "grade.yml").values()
    assert job.result == "success", job.log
    assert "make check EX=03" in job.log
    for line in ("  x 03 ", "  + 04 ", "1 of 2 exercises solved, 1 of 2 points."):
        assert line in job.summary, job.log
