"""Rendering over a project keeps the student's changes.

`--skip-if-file-exists` keeps what cookiecutter renders. Plain files are the exception:
cookiecutter copies those over whatever is there, whoever renders.
"""

import pytest

from tests.baking import LANGUAGES
from tests.files import rendered_by_jinja

KEEPING = ("--no-input", "--overwrite-if-exists", "--skip-if-file-exists")
# Names that a template has had, or might.
OWN = ("README.ko.md", "README.en.md", "docs/notes.ko.md", "templates/ko/README.md")


@pytest.fixture(params=LANGUAGES)
def edited(request, command_line):
    """A project in each language, with a line of its student's own in each text."""
    project = command_line.render(language=request.param)
    for name in rendered_by_jinja(project.files()):
        with (project.path / name).open("a", encoding="utf-8") as file:
            file.write("\nMine.\n")
    for name in OWN:
        (project.path / name).parent.mkdir(parents=True, exist_ok=True)
        (project.path / name).write_text("Mine.\n", encoding="utf-8")
    return project, f"language={request.param}"


def test_skipping_what_exists_keeps_every_text_as_it_was_written(command_line, edited):
    project, language = edited
    before = project.contents()
    done, _ = command_line.cookiecutter(command_line.template, *KEEPING, language)
    assert done.returncode == 0, done.stdout
    assert project.contents() == before


def test_the_texts_are_among_them(edited):
    project, _ = edited
    texts = [name for name in project.files() if name.endswith(".md")]
    assert [n for n in texts if not project.read(n).endswith("Mine.\n")] == []
    assert len(texts) > len(OWN) + 5


def test_overwriting_leaves_what_the_template_does_not_know(command_line, edited):
    project, language = edited
    done, _ = command_line.cookiecutter(command_line.template, *KEEPING[:2], language)
    assert done.returncode == 0, done.stdout
    assert [name for name in OWN if project.read(name) != "Mine.\n"] == []


def test_code_is_copied_over_as_the_readme_warns(command_line):
    """When this fails, cookiecutter keeps plain files, too: the warning can go."""
    project = command_line.render()
    before = project.contents()
    (project.path / "books/services.py").write_text("MINE = True\n")
    done, _ = command_line.cookiecutter(command_line.template, *KEEPING)
    assert done.returncode == 0, done.stdout
    assert project.contents() == before
