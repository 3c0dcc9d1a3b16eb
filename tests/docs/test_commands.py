"""Every command that the site shows does what the page says, in a fresh project."""

import re
import subprocess

import pytest

from docs.tools import name_of, names, pages
from docs.tools.parsing import page_directive
from docs.tools.running import executed, run_in_order, run_page
from docs.tools.steps import steps
from tests.baking import ROOT, succeed
from tests.files import in_template
from tests.ports import free_port


def commands_of(page):
    """Every command of a page, also those that the tests can't run."""
    text = page.read_text(encoding="utf-8")
    return [each.text for step in steps(name_of(page), text) for each in step.commands]


def played_by(page):
    """The test of its own that plays a page; nothing for most."""
    return page_directive(page.read_text(encoding="utf-8"), "played")


RUN = [page for page in pages("en") if executed(page)]
PLAYED = [page for page in pages("en") if played_by(page)]
CHAPTERS = [page for page in RUN if name_of(page).startswith("walkthrough/")]
ADDING = [page for page in RUN if name_of(page).startswith("how-to/add-a")]
# The project's tests that know its apps and endpoints.
KNOWING = ("test_cache_*.py", "test_every_app.py", "test_other_processes.py")


def told(results):
    return "\n".join(problem for each in results for problem in each.problems)


def play(some, project, template, tmp_path):
    """Run pages in one project, each as it says; the results, and that project."""
    done = list(run_in_order(some, project.path, template, tmp_path / "run"))
    assert told(done) == ""
    return done, tmp_path / "run/mina" / project.path.name


@pytest.mark.minutes(0.6)
@pytest.mark.deep
@pytest.mark.parametrize(
    "page", [p for p in RUN if p not in CHAPTERS + ADDING], ids=name_of
)
def test_the_commands_of(page, project, template, tmp_path, record_property):
    done = run_page(page, project.path, template, tmp_path / "run")
    record_property("blocks", done.blocks)
    assert done.problems == [], told([done])
    assert done.blocks > 0


@pytest.mark.minutes(8.5)
@pytest.mark.deep
def test_the_chapters_one_after_another_in_one_project(
    project, template, tmp_path, record_property
):
    done, mine = play(CHAPTERS, project, template, tmp_path)
    record_property("blocks", sum(each.blocks for each in done))
    assert [each.page for each in done if not each.blocks] == []
    # So that the chapters do not spoil each other, and a student's `git add` is clean.
    assert {each.page: each.left for each in done if each.left} == {}
    succeed("git", "add", "--all", cwd=mine)
    assert set(succeed("git", "ls-files", cwd=mine).splitlines()) == in_template(
        template
    )


@pytest.mark.minutes(4)
@pytest.mark.deep
def test_the_projects_tests_are_green_with_an_endpoint_and_an_app_added(
    project, template, tmp_path, record_property
):
    done, mine = play(ADDING, project, template, tmp_path)
    record_property("blocks", sum(each.blocks for each in done))
    assert len(done) == 2
    files = [each for name in KNOWING for each in mine.glob(f"tests/{name}")]
    succeed(mine / ".venv/bin/python", "-m", "pytest", "-q", "-n2", *files, cwd=mine)


def test_what_is_not_run_says_why_and_names_what_exists():
    reasons = [
        (page, step.place, word.strip(".,;:()"))
        for page in pages("en")
        for step in steps(name_of(page), page.read_text(encoding="utf-8"))
        for word in step.skip.split()
    ]
    paths = [reason for reason in reasons if names.PATH.fullmatch(reason[2])]
    assert paths
    assert [
        (place, word) for page, place, word in paths if not names.exists(word, page)
    ] == []


@pytest.mark.parametrize("page", PLAYED, ids=name_of)
def test_the_test_that_plays_a_page_names_it(page):
    test = ROOT / played_by(page)
    assert name_of(page) in test.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages("en"), ids=name_of)
def test_no_command_empties_what_is_not_the_projects(page):
    typed = "\n".join(commands_of(page))
    assert "flushall" not in typed
    assert "flushdb" not in typed


LOGINS = [
    (name_of(page), command)
    for page in pages("en")
    for command in commands_of(page)
    if command.startswith("login() {")
]


@pytest.mark.parametrize("name, login", LOGINS)
def test_a_login_without_a_server_says_what_is_wrong(name, login):
    port = str(free_port())
    closed = re.sub(r"\b800[01]\b", port, login)
    script = f"api=http://localhost:{port}; {closed}\nlogin reader"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False
    )
    assert f"port {port}" in done.stderr
    assert "Does the server run?" in done.stdout + done.stderr
