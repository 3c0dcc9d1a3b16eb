"""The command line: typing, replaying, pasting a command."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.baking import (
    FOLDER,
    BakedProject,
    clean_environment,
    commit_everything,
    make_environment,
    run,
    succeed,
    typed,
)

# A name with all characters that are special to a shell, Jinja or Markdown.
NASTY = """The "Reader's" `Library` {{ 7 * 7 }} {% raw %} {# $(id) ${HOME} 우리 📚 \\"""


def test_what_is_typed_is_not_rendered(command_line):
    project = command_line.type_in(author_name=NASTY)
    assert f"Copyright (c) {NASTY}\n" in project.read("LICENSE")


def test_rendering_over_a_project_changes_nothing(command_line):
    first = command_line.render()
    before = first.contents()
    done, _ = command_line.cookiecutter(
        command_line.template, "--no-input", "--overwrite-if-exists"
    )
    assert done.returncode == 0, done.stdout
    assert first.contents() == before


def test_the_answers_can_be_replayed(command_line):
    first = command_line.render(project_name="Saved", your_ip="1.1.1.1", language="ko")
    done, output = command_line.cookiecutter(
        command_line.template, "--replay", into="replayed"
    )
    assert done.returncode == 0, done.stdout
    assert BakedProject(output / "saved").contents() == first.contents()


def command_in(said):
    """The command that a refusal gives, ready to be pasted."""
    _, intro, command, after = said.split("\n\n", 3)
    assert intro.startswith("Nothing was written.")
    assert after.startswith("The lines below are cookiecutter's own report")
    assert "\n" not in command
    return command


@pytest.fixture
def paste(command_line):
    """Run a line in the shell and folder of cookiecutter; gives the project."""

    def into_shell(command):
        done = run(
            *("sh", "-c", command),
            cwd=command_line.folder,
            env=command_line.environment(),
        )
        found = command_line.folder.glob("out/*/manage.py")
        return done, [BakedProject(path.parent) for path in found]

    return into_shell


POSIX = pytest.mark.skipif(os.name == "nt", reason="the lines are for a POSIX shell")


@POSIX
def test_answers_that_an_older_template_saved_are_asked_for_anew(command_line, paste):
    """Its rules of what is copied come with them: texts would be one line of Jinja."""
    command_line.render(project_name="Saved", language="ko")
    (saved,) = command_line.folder.glob("replay/*.json")
    answers = json.loads(saved.read_text("utf-8"))
    answers["cookiecutter"]["_copy_without_render"].append("*/*.md")
    answers["cookiecutter"]["language"] = "en"
    saved.write_text(json.dumps(answers), encoding="utf-8")
    done, output = command_line.cookiecutter(
        command_line.template, "--replay", into="replayed"
    )
    assert done.returncode == 1 and list(output.iterdir()) == []
    assert done.stdout.startswith("template: --replay refused: ")
    command = command_in(done.stdout).replace(str(output), str(output / "out"))
    assert "CHANGE-ME" not in command and "--replay" not in command
    done, _ = paste(command)
    assert done.returncode == 0, done.stdout
    ci = (output / "out/saved/docs/ci.md").read_text("utf-8")
    assert ci.startswith("# What GitHub checks")


def test_it_says_what_comes_next(command_line):
    done, _ = command_line.cookiecutter(command_line.template, "--no-input")
    assert "cd library-api\n    make setup" in done.stdout


def test_a_language_that_is_not_there_is_refused(command_line):
    command_line.render(language="ko")
    (saved,) = command_line.folder.glob("replay/*.json")
    french = saved.read_text("utf-8").replace('"language": "ko"', '"language": "fr"')
    saved.write_text(french, encoding="utf-8")
    done, output = command_line.cookiecutter(
        command_line.template, "--replay", into="french"
    )
    assert "language: 'fr' refused: it must be en or ko" in done.stdout
    assert list(output.iterdir()) == []


def test_a_console_that_cannot_show_the_answer_still_shows_the_line(command_line):
    done, output = command_line.cookiecutter(
        *(command_line.template, "--no-input", "project_slug=📚"),
        PYTHONUTF8="0",
        PYTHONIOENCODING="cp949",
    )
    assert done.returncode == 1
    assert "project_slug: '\\U0001f4da' refused: " in done.stdout
    assert list(output.iterdir()) == []


@POSIX
def test_one_command_holds_all_that_was_typed_well(command_line, paste):
    good = {"project_name": NASTY, "author_name": NASTY, "key_pair_name": "it's"}
    good |= {"project_slug": "nasty", "language": "en", "aws_region": "eu-west-1"}
    bad = {"your_ip": "10.0.0.1", "github_repository": "nobody"}
    command = command_in(command_line.refuse(typed=typed(**good, **bad)))

    assert command.endswith(" github_repository=CHANGE-ME your_ip=CHANGE-ME")
    done, projects = paste(command)
    assert done.returncode == 1 and projects == []
    assert "your_ip: 'CHANGE-ME' refused: it must be replaced" in done.stdout

    repaired = {"your_ip": "1.1.1.1", "github_repository": "a/b"}
    for prompt, answer in repaired.items():
        command = command.replace(f"{prompt}=CHANGE-ME", f"{prompt}={answer}")
    done, (project,) = paste(command)
    assert done.returncode == 0, done.stdout
    wanted = command_line.type_in(into="typed", **good, **repaired)
    assert project.contents() == wanted.contents()


@POSIX
@pytest.mark.parametrize(
    ("place", "checkout"),
    [
        ("cookiecutter-django-library", None),
        ("here:cookiecutter-django-library", None),
        ("git+file://{folder}/cookiecutter-django-library", "v1"),
    ],
    ids=["a folder", "an abbreviation such as gh:", "a tag of a git URL"],
)
def test_the_command_leads_to_the_same_template(
    command_line, repository, paste, place, checkout
):
    succeed("git", "tag", "v1", cwd=repository)
    (repository / FOLDER / "LICENSE").write_text("newer\n")
    commit_everything(repository, "Newer")
    place = place.format(folder=command_line.folder)
    options = ["--checkout", checkout] if checkout else []
    said = command_line.refuse(place, *options, "--no-input", "aws_region=seoul")
    command = command_in(said)

    assert f" {place} --no-input" in command
    done, (project,) = paste(command.replace("CHANGE-ME", "eu-west-1"))
    assert done.returncode == 0, done.stdout
    assert 'eu-west-1"' in project.read("terraform/prod.tfvars")
    assert (project.read("LICENSE") == "newer\n") is (not checkout)


@POSIX
def test_the_command_writes_to_where_the_first_one_did(command_line, paste):
    elsewhere = command_in(command_line.refuse(aws_region="seoul"))
    assert f" --output-dir {command_line.folder / 'out'} " in elsewhere
    bad = (command_line.template, "--no-input", "aws_region=seoul")
    here = command_in(command_line.cookiecutter(*bad, into=".")[0].stdout)
    assert "--output-dir" not in here


@POSIX
@pytest.mark.parametrize(
    ("variables", "program"),
    [
        ({"PATH": os.path.dirname(sys.executable) + ":" + os.defpath}, "cookiecutter "),
        ({"PATH": os.defpath}, f"{sys.executable} -m cookiecutter "),
        ({"UV": "/usr/bin/uv"}, "uvx cookiecutter "),
    ],
    ids=["on PATH", "not on PATH", "by uvx"],
)
def test_the_command_starts_the_program_that_runs(command_line, variables, program):
    bad = (command_line.template, "--no-input", "aws_region=seoul")
    done, _ = command_line.cookiecutter(*bad, **variables)
    assert command_in(done.stdout).startswith(program)


@POSIX
def test_with_cruft_the_good_answers_come_as_cruft_takes_them(repository, tmp_path):
    env = clean_environment(HOME=str(tmp_path), USERPROFILE=str(tmp_path))
    cruft = [sys.executable, "-m", "cruft", "create", repository.as_uri(), "--no-input"]
    good = {"project_name": "{{ '{{' }} it's 도서관", "project_slug": "ours"}
    bad = json.dumps(good | {"your_ip": "10.0.0.1"})
    done = run(*cruft, "--extra-context", bad, cwd=tmp_path, env=env)
    assert done.returncode == 1
    refusal = done.stdout[done.stdout.index("your_ip: '10.0.0.1' refused") :]
    options = command_in(refusal.partition("\nERROR")[0])

    mended = options.replace("CHANGE-ME", "1.1.1.1")
    line = f"{subprocess.list2cmdline(cruft)} --output-dir ours {mended}"
    done = run("sh", "-c", line, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout
    assert "{{ it's 도서관" in BakedProject(tmp_path / "ours/ours").read("README.md")


LEFT_BEHIND = [
    ".env",
    ".env.bak",
    "db.sqlite3",
    "db.sqlite3-wal",
    "terraform/terraform.tfstate",
    "terraform/bootstrap/terraform.tfstate.backup",
    "staticfiles/admin/base.css",
    "hunt.json",
]
LEFT_FOLDERS = [".venv", "terraform/.terraform", "build", "books/__pycache__"]


@pytest.fixture
def run_in_place(command_line, tmp_path):
    """Make a file in the template's project folder, as a run there would."""
    command_line.template = shutil.copytree(command_line.template, tmp_path / "dirty")

    def leave(name):
        left = command_line.template / FOLDER / name
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text("SECRET_KEY=mine\n")

    return leave


@pytest.mark.parametrize("left", LEFT_BEHIND + LEFT_FOLDERS)
def test_what_a_run_inside_the_template_left_is_not_copied(
    command_line, run_in_place, left
):
    run_in_place(f"{left}/inside/it" if left in LEFT_FOLDERS else left)
    named = "staticfiles/admin" if left.startswith("staticfiles") else left
    said = command_line.refuse()
    assert f"template: its project folder holds {named} from a run in place" in said
    assert "CHANGE-ME" not in command_in(said)


def test_of_much_that_was_left_some_is_named(command_line, run_in_place):
    for left in LEFT_BEHIND:
        run_in_place(left)
    assert " and 3 more from a run in place" in command_line.refuse()


@pytest.fixture(scope="session")
def cookiecutter_of(tmp_path_factory):
    """Install a version of cookiecutter; gives its program."""

    def install(version):
        venv = tmp_path_factory.mktemp("cookiecutter")
        return make_environment(venv, f"cookiecutter=={version}") / "cookiecutter"

    return install


@POSIX
@pytest.mark.deep
@pytest.mark.parametrize("version", ["1.7.3", "2.5.0"])
def test_an_old_cookiecutter_is_refused_in_one_line(
    command_line, cookiecutter_of, version
):
    command = (cookiecutter_of(version), command_line.template, "--no-input")
    done = run(*command, cwd=command_line.folder, env=command_line.environment())
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if " refused: " in line]
    assert line.startswith(
        f"cookiecutter: '{version}' refused: it must be 2.6 or newer"
    )
    assert not (command_line.folder / "library-api").exists()


@POSIX
@pytest.mark.deep
@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "cookiecutter: '1.7' refused: it must be 2.6 or newer"),
        ("ko", "cookiecutter: '1.7' 거절됨: 2.6 이상이어야 합니다"),
    ],
)
def test_one_that_does_not_tell_its_version_is_refused_too(
    command_line, cookiecutter_of, language, told
):
    program = cookiecutter_of("1.7.3")
    for record in program.parent.parent.rglob("cookiecutter-*.dist-info"):
        shutil.rmtree(record)
    command = (program.with_name("python"), "-m", "cookiecutter", command_line.template)
    command += ("--no-input", f"language={language}")
    done = run(*command, cwd=command_line.folder, env=command_line.environment())
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert done.stdout.startswith(f"{told}")
    assert not (command_line.folder / "library-api").exists()


@POSIX
@pytest.mark.deep
def test_the_oldest_that_is_accepted_renders_the_same(
    command_line, cookiecutter_of, rendered
):
    command = (cookiecutter_of("2.6.0"), command_line.template, "--no-input")
    succeed(*command, cwd=command_line.folder, env=command_line.environment())
    project = BakedProject(command_line.folder / "library-api")
    assert project.contents() == rendered.contents()
