"""A starter is the project with stubs in it, and no solution."""

import json
import shutil

import pytest

from coursework import starter
from coursework.__main__ import main
from coursework.catalogue import LANGUAGES, choose, read_course
from tests.baking import FOLDER, BakedProject


@pytest.fixture
def made(tmp_path):
    def make(language, exercises=None):
        return BakedProject(
            starter.make(
                tmp_path / "class/starter",
                exercises or read_course(),
                language=language,
            )
        )

    return make


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_the_tasks_and_no_solution(made, template, language):
    project = made(language)
    about = json.loads(project.read("course/course.json"))
    assert about["language"] == language
    for exercise in read_course():
        folder = f"course/exercises/{exercise.folder.name}"
        assert project.read(f"{folder}/task.md") == exercise.text(language)[0]
        assert not project.has_file(f"{folder}/wrong/memorised.py")
        real = (template / FOLDER / exercise.file).read_text(encoding="utf-8")
        assert project.read(exercise.file) != real
    assert project.has_file(".github/workflows/grade.yml")
    assert project.read("answers.toml").startswith("# ")


def test_only_the_chosen_exercises_are_cut_out(made, template):
    project = made("en", choose("3"))
    real = (template / FOLDER / "loans/services.py").read_text(encoding="utf-8")
    assert project.read("loans/services.py") == real
    assert len(json.loads(project.read("course/course.json"))["exercises"]) == 1


def test_nothing_is_written_over_a_folder_that_is_there(tmp_path, capsys):
    assert main(["new", "--out", str(tmp_path)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in line


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.deep
@pytest.mark.minutes(2)
def test_it_is_green_in_lint_and_shows_the_first_task(made, project, language):
    begun = made(language)
    (begun.path / ".venv").symlink_to(project.path / ".venv")
    (begun.path / "requirements/development.txt").unlink()
    shutil.copy2(
        project.path / "requirements/development.txt", begun.path / "requirements"
    )
    begun.run("make", "lint")
    shown = begun.run("make", "course")
    assert read_course()[0].title[language] in shown
    assert "make check EX=01" in shown
    checked = begun.try_to_run("make", "check", "EX=03")
    assert checked.returncode == 2 and "GET /loans/" in checked.stdout
    refused = begun.try_to_run("make", "check", "EX=99")
    assert "EX=99" in refused.stdout and "Traceback" not in refused.stdout
    hints = [begun.run("make", "hint", "EX=3") for _ in range(4)]
    assert len(hints[0]) < len(hints[1]) < len(hints[2]) == len(hints[3])
