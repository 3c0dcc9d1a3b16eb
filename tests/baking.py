"""Reads rendered projects, and runs cookiecutter's command line.

Tests render with pytest-cookies (the fixture `bake`). The command line is for
what that can't do: typing, replaying, a template that is not a folder, all output of a
hook.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "{{cookiecutter.project_slug}}"
INSTALLER = ROOT / FOLDER / "tools/install.py"
# In the order of the prompts.
DEFAULTS = {
    "language": "en",
    "project_name": "Library API",
    "project_slug": "library-api",
    "author_name": "Your Name",
    "github_repository": "your-account/library-api",
    "aws_region": "ap-northeast-2",
    "key_pair_name": "library",
    "your_ip": "",
}
LANGUAGES = ("en", "ko")
# Variables of this run, or of the person's shell, that projects must not see.
FOREIGN = (
    "ALLOWED_HOSTS AUTH_HEADER COOKIECUTTER_CONFIG CSRF_TRUSTED_ORIGINS DATABASE_URL "
    "DEBUG DJANGO_SETTINGS_MODULE GUNICORN_CMD_ARGS JWT_ALGORITHM JWT_SECRET_KEY "
    "MAKEFLAGS MAKELEVEL MAKEOVERRIDES MFLAGS PORT PYTHONHOME PYTHONPATH REDIS_URL "
    "RELEASE SECRET_KEY USE_HTTPS UV VIRTUAL_ENV WEB_CONCURRENCY"
).split()


def clean_environment(**variables):
    """This process's environment, without what would change a project's behaviour."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith("PYTEST_")
    }
    return kept | variables


def run(*command, cwd, env=None, answers=None, seconds=None):
    """Run a command for at most `seconds`. Its output is text, with its errors.

    Errors: subprocess.TimeoutExpired.
    """
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=env or clean_environment(),
        encoding="utf-8",
        errors="replace",
        **({"input": answers} if answers else {"stdin": subprocess.DEVNULL}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
    )


def succeed(*command, cwd, env=None, answers=None):
    """Run a command that must exit with 0, and give its output."""
    done = run(*command, cwd=cwd, env=env, answers=answers)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"
    return done.stdout


def make_environment(venv, *packages):
    """Make a virtual environment of these packages; give its folder of programs."""
    succeed(sys.executable, INSTALLER, venv, *packages, cwd=ROOT)
    return venv / "bin"


def copy_working_tree(destination):
    """Copy the files that git would commit: never an .env or a .venv."""
    listed = succeed(
        *("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
    )
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            copied = destination / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copied)
    return destination


def commit_everything(repository, message="Everything"):
    """Make `repository` a git repository, if necessary, and commit all files."""
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com"]
    succeed(*git, "init", "--quiet", cwd=repository)
    succeed(*git, "add", "--all", cwd=repository)
    succeed(*git, "commit", "--quiet", "--message", message, cwd=repository)


@dataclass
class BakedProject:
    path: Path

    def read(self, name):
        return (self.path / name).read_text(encoding="utf-8")

    def has_file(self, name):
        return (self.path / name).is_file()

    def files(self):
        """The names of all files, with slashes, sorted."""
        paths = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.path).as_posix() for path in paths)

    def contents(self):
        """Each file's name and bytes."""
        return {name: (self.path / name).read_bytes() for name in self.files()}

    def run(self, *command, **variables):
        """Run a command in the project that must succeed, and give its output."""
        return succeed(*command, cwd=self.path, env=clean_environment(**variables))

    def try_to_run(self, *command, **variables):
        """Run a command in the project that may fail; gives the finished process."""
        return run(*command, cwd=self.path, env=clean_environment(**variables))

    def manage(self, *arguments, **variables):
        python = self.path / ".venv/bin/python"
        return self.run(python, "manage.py", *arguments, **variables)


class CommandLine:
    """cookiecutter as a person runs it, without any file of that person's home."""

    def __init__(self, template, folder):
        self.template = template
        self.folder = folder
        self.config = folder / "cookiecutter.yml"
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f"cookiecutters_dir: '{folder / 'clones'}'\n"
            f"replay_dir: '{folder / 'replay'}'\n"
            f"abbreviations: {{here: 'git+{folder.as_uri()}/{{0}}'}}\n",
            encoding="utf-8",
        )

    def environment(self, **variables):
        """The variables that a shell in `folder` passes to a program."""
        own = {"PYTHONUTF8": "1", "PWD": str(self.folder)}
        return (
            clean_environment(**own, COOKIECUTTER_CONFIG=str(self.config)) | variables
        )

    def cookiecutter(self, *arguments, into="out", answers=None, **variables):
        """Run the command line; gives the finished process and the output folder."""
        output = self.folder / into
        output.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "cookiecutter", "--output-dir", output]
        env = self.environment(**variables)
        done = run(*command, *arguments, cwd=self.folder, env=env, answers=answers)
        return done, output

    def render(self, **answers):
        """Render with these answers, and defaults for the others."""
        done, output = self.cookiecutter(self.template, "--no-input", *given(answers))
        return the_only_project(done, output)

    def refuse(self, *arguments, typed=None, **answers):
        """Give answers that must be refused; gives the output."""
        how = ["--no-input", *given(answers)] if typed is None else []
        done, output = self.cookiecutter(
            *(arguments or [self.template]), *how, answers=typed
        )
        assert done.returncode == 1, done.stdout
        assert list(output.iterdir()) == [], "a refused project was written"
        return done.stdout

    def type_in(self, into="out", **answers):
        """Answer each prompt by typing, so that even `{{` is plain text."""
        lines = typed(**answers)
        done, output = self.cookiecutter(self.template, into=into, answers=lines)
        return the_only_project(done, output)


def given(answers):
    """The answers as words of the command line."""
    return [f"{name}={answer}" for name, answer in answers.items()]


def typed(**answers):
    """The lines that a person types: these answers, and defaults for the others."""
    lines = DEFAULTS | answers
    lines["language"] = str(LANGUAGES.index(lines["language"]) + 1)
    return "".join(f"{line}\n" for line in lines.values())


def the_only_project(done, output):
    assert done.returncode == 0, done.stdout
    (path,) = output.iterdir()
    return BakedProject(path)
