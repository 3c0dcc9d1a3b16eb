"""git keeps the template and its projects intact, on every system."""

import pytest

from tests.baking import ROOT, BakedProject, commit_everything, succeed
from tests.leftovers import leave, leftovers


def test_the_template_renders_from_a_git_url(command_line, repository, rendered):
    done, output = command_line.cookiecutter(f"git+{repository.as_uri()}", "--no-input")
    assert done.returncode == 0, done.stdout
    assert BakedProject(output / "library-api").contents() == rendered.contents()


def test_a_windows_checkout_renders_the_same_bytes(bake, repository, rendered):
    clone = repository.with_name("windows")
    succeed(
        *("git", "clone", "--quiet", "--config", "core.autocrlf=true"),
        *(repository.as_uri(), clone),
        cwd=repository,
    )
    assert bake(template=clone).contents() == rendered.contents()


def test_no_text_file_has_windows_line_ends(template):
    binary = (".png", ".gif")
    for path in template.rglob("*"):
        if path.is_file() and path.suffix not in binary:
            assert b"\r" not in path.read_bytes(), path


@pytest.mark.parametrize(
    "ignored", [".env", ".venv/bin/python", "db.sqlite3", "db.sqlite3-journal"]
)
def test_a_project_never_commits_what_is_private(bake, ignored):
    project = bake()
    private = project.path / ignored
    private.parent.mkdir(parents=True, exist_ok=True)
    private.write_text("private")
    commit_everything(project.path)
    tracked = project.run("git", "ls-files").splitlines()
    assert "manage.py" in tracked
    assert ignored not in tracked


def test_what_the_pages_commands_write_is_never_committed(bake):
    project = bake()
    commit_everything(project.path)
    leave(project.path)
    assert project.run("git", "add", "--all", "--dry-run") == ""


def test_the_pages_commands_are_read():
    written = {"build/tokens.json", "build/library.json", "build/slow-reader.txt"}
    written |= {"NAME.pem", "books/models.py.bak"}
    assert written - set(leftovers()) == set()


@pytest.mark.parametrize(
    "kept", [".idea/workspace.xml", ".vscode/settings.json", ".env.bak", "Makefile~"]
)
def test_what_an_editor_keeps_is_not_committed_to_the_template(repository, kept):
    (repository / kept).parent.mkdir(exist_ok=True)
    (repository / kept).write_text("private")
    assert succeed("git", "add", "--all", "--dry-run", cwd=repository) == ""


def test_every_file_of_a_project_can_be_committed(bake, rendered):
    project = bake()
    commit_everything(project.path)
    tracked = project.run("git", "ls-files", "-z").split("\0")
    assert sorted(filter(None, tracked)) == rendered.files()


def test_no_file_of_the_template_is_ignored_by_accident():
    tracked = succeed("git", "ls-files", "-z", cwd=ROOT).split("\0")
    ignored = succeed(
        *("git", "ls-files", "-z", "--cached", "--ignored", "--exclude-standard"),
        cwd=ROOT,
    )
    assert "cookiecutter.json" in tracked
    assert ignored == ""
