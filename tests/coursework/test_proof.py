"""The grader tells right from wrong, and says why: see coursework/proof.py."""

import shutil

import pytest

from coursework import proof
from coursework.catalogue import read_course


@pytest.mark.deep
@pytest.mark.minutes(2)
@pytest.mark.parametrize("exercise", read_course(), ids=lambda exercise: exercise.id)
def test_an_exercise_is_proved(exercise, project, tmp_path):
    copy = tmp_path / "library-api"
    left = shutil.ignore_patterns(".venv", "build", "__pycache__")
    shutil.copytree(project.path, copy, ignore=left)
    (copy / ".venv").symlink_to(project.path / ".venv")
    wrong = [each for each in proof.prove(copy, [exercise], "en") if not each.holds]
    assert not wrong
