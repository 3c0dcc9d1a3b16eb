"""A project is updated when the template changes, and keeps its own changes."""

import json
import sys

import pytest

from tests.baking import (
    FOLDER,
    LANGUAGES,
    BakedProject,
    clean_environment,
    commit_everything,
    succeed,
)


def cruft(*arguments, cwd, home):
    """Run cruft with an empty home, so that it finds no settings and no clones."""
    env = clean_environment(HOME=str(home), USERPROFILE=str(home), PYTHONUTF8="1")
    return succeed(sys.executable, "-m", "cruft", *arguments, cwd=cwd, env=env)


@pytest.fixture
def followed(repository, tmp_path):
    """A project that cruft made, set up, changed and committed by its student."""
    cruft(
        *("create", repository.as_uri(), "--no-input", "--output-dir", tmp_path),
        *("--extra-context", json.dumps({"project_name": "Reader's “Library” 📚"})),
        cwd=tmp_path,
        home=tmp_path,
    )
    project = BakedProject(tmp_path / "reader-s-library")
    (project.path / ".env").write_text("SECRET_KEY=mine\n", encoding="utf-8")
    own = project.path / "books/own.py"
    own.write_text("MINE = True\n", encoding="utf-8")
    change(
        project.path / "README.md", "## Licence", "## My chapter\n\nMine.\n\n## Licence"
    )
    commit_everything(project.path)
    return project


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


@pytest.fixture
def newer(repository):
    """A newer commit of the template: files changed, added and deleted."""
    folder = repository / FOLDER
    readme = repository / "templates/en/README.md"
    change(readme, "# {{", "<!-- newer -->\n# {{")
    change(folder / "manage.py", "\n", "\n# newer\n")
    change(folder / ".env.example", "DEBUG=off", "DEBUG=off\nNEWER=on")
    (folder / "books/newer.py").write_text("NEWER = True\n", encoding="utf-8")
    (folder / ".editorconfig").unlink()
    commit_everything(repository, "Newer")


def test_an_update_brings_what_is_new_and_keeps_what_is_the_students(
    followed, newer, tmp_path
):
    with pytest.raises(AssertionError, match="out of date"):
        cruft("check", cwd=followed.path, home=tmp_path)
    cruft("update", "--skip-apply-ask", cwd=followed.path, home=tmp_path)

    assert followed.read("README.md").startswith("<!-- newer -->\n# Reader's “Library”")
    assert "# newer" in followed.read("manage.py")
    assert "NEWER=on" in followed.read(".env.example")
    assert followed.has_file("books/newer.py")
    assert not followed.has_file(".editorconfig")

    assert followed.read(".env") == "SECRET_KEY=mine\n"
    assert followed.read("books/own.py") == "MINE = True\n"
    assert "## My chapter" in followed.read("README.md")

    strays = (".rej", ".orig")
    assert [name for name in followed.files() if name.endswith(strays)] == []


MOVING = """
import json
from pathlib import Path

korean = Path("README.ko.md")
if json.loads(r'''{{ cookiecutter | tojson }}''')["language"] == "ko":
    korean.replace("README.md")
korean.unlink(missing_ok=True)
"""


@pytest.fixture
def mended(repository):
    """Make the template as it was while a hook chose the README; gives the mending."""
    was = {}

    def write(path, text):
        was[path] = path.read_text("utf-8") if path.exists() else None
        path.write_text(text, encoding="utf-8")

    for path in list((repository / "templates/en").rglob("*.md")):
        name = path.relative_to(repository / "templates/en")
        write(repository / FOLDER / name, path.read_text("utf-8"))
    korean = (repository / "templates/ko/README.md").read_text("utf-8")
    write(repository / FOLDER / "README.ko.md", korean)
    write(repository / "hooks/post_gen_project.py", MOVING)
    settings = json.loads((repository / "cookiecutter.json").read_text("utf-8"))
    settings["_copy_without_render"].append("*/*.md")
    write(repository / "cookiecutter.json", json.dumps(settings, indent=2))
    (repository / "hooks/pre_gen_project.py").write_text("")
    commit_everything(repository, "As it was")

    def mend():
        for path, text in was.items():
            path.unlink() if text is None else path.write_text(text, "utf-8")
        commit_everything(repository, "Choose while rendering")

    return mend


EDITED = ("README.md", "caching/README.md")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_project_of_the_days_when_a_hook_chose_keeps_what_was_written(
    repository, mended, tmp_path, language
):
    cruft(
        *("create", repository.as_uri(), "--no-input", "--output-dir", tmp_path),
        *("--extra-context", json.dumps({"language": language})),
        cwd=tmp_path,
        home=tmp_path,
    )
    project = BakedProject(tmp_path / "library-api")
    for name in EDITED:
        with (project.path / name).open("a", encoding="utf-8") as file:
            file.write("\n## Mine\n")
    (project.path / "README.ko.md").write_text("Mine.\n")
    commit_everything(project.path)
    mended()
    cruft("update", "--skip-apply-ask", cwd=project.path, home=tmp_path)

    assert project.read("README.ko.md") == "Mine.\n"
    assert all(project.read(name).endswith("\n## Mine\n") for name in EDITED)
    brought = (repository / "templates" / language / "docs/ci.md").read_text("utf-8")
    assert project.read("docs/ci.md") == brought
    # A page that was English, and that a student wrote into, can't become Korean.
    refused = [n for n in project.files() if n.endswith((".rej", ".orig"))]
    assert refused == (["caching/README.md.rej"] if language == "ko" else [])


def test_without_a_newer_commit_an_update_changes_nothing(followed, tmp_path):
    before = followed.contents()
    assert "up to date" in cruft("check", cwd=followed.path, home=tmp_path)
    cruft("update", "--skip-apply-ask", cwd=followed.path, home=tmp_path)
    assert followed.contents() == before


def test_cruft_makes_what_cookiecutter_makes(followed, bake):
    baked = bake(project_name="Reader's “Library” 📚").contents()
    own = {"README.md", ".env", "books/own.py", ".cruft.json"}
    crufted = {
        n: c for n, c in followed.contents().items() if not n.startswith(".git/")
    }
    assert crufted.keys() - own == baked.keys() - own
    assert {n for n in baked.keys() - own if baked[n] != crufted[n]} == set()
