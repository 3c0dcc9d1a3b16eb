"""A fix of the template comes into a starter, and leaves what a student wrote alone."""

import sys

import pytest

from tests.baking import FOLDER, BakedProject, commit_everything, succeed
from tests.test_cruft import change, cruft

VIEWS, TAGS = "loans/views.py", "books/documents.py"
STUB = "        return Loan.objects.all()\n"
# Exercise 3 as a student may solve it: in other words than the template's.
MINE = """        # I look only among what the reader may see.
        return loans_visible_to(current_reader(self.request))
"""
FAR, FIXED = '"""The loans of one book that one may see."""', '"""One book\'s loans."""'
NEXT_TO_IT, MENDED = "another reader's is not found.", "another's is not found."


@pytest.fixture
def half_solved(repository, tmp_path):
    """A starter of two exercises that follows the template; the first is solved."""
    new = ("-m", "coursework", "new", "--exercises", "3-4", "--out")
    succeed(sys.executable, *new, tmp_path / "starter", cwd=repository)
    starter = BakedProject(tmp_path / "starter")
    commit_everything(starter.path)
    link = ("link", repository.as_uri(), "--no-input")
    cruft(*link, cwd=starter.path, home=tmp_path)
    change(starter.path / VIEWS, STUB, MINE)
    commit_everything(starter.path, "Solve exercise 3")
    return starter


def test_fixes_arrive_and_what_is_solved_stays(repository, half_solved, tmp_path):
    unsolved = half_solved.read(TAGS)
    change(repository / FOLDER / "manage.py", "\n", "\n# fixed\n")
    change(repository / FOLDER / VIEWS, FAR, FIXED)
    change(repository / FOLDER / VIEWS, NEXT_TO_IT, MENDED)
    commit_everything(repository, "Fix")
    cruft("update", "--skip-apply-ask", cwd=half_solved.path, home=tmp_path)
    assert "# fixed" in half_solved.read("manage.py")
    views = half_solved.read(VIEWS)
    assert FIXED in views and views.count(MINE) == 2
    assert half_solved.read(TAGS) == unsolved
    # What stands next to a student's lines is for the student to put in.
    refused = [name for name in half_solved.files() if name.endswith((".rej", ".orig"))]
    assert refused == [f"{VIEWS}.rej"]
    assert MENDED in half_solved.read(refused[0]) and MENDED not in views
