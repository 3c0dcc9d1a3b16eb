"""`make course ARGS="new --exercises 1-8 --out DIR"`; prove, collect, grade."""

import argparse
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coursework import classroom, proof, starter
from coursework.catalogue import LANGUAGES, Exercise, Mistake, choose, read_course


def new(asked: argparse.Namespace) -> int:
    """Make a starter."""
    exercises = chosen(asked)
    out = starter.make(Path(asked.out).resolve(), exercises, language=asked.language)
    print(f"{out} has {len(exercises)} exercises. Next, in it: make course")
    return 0


def prove(asked: argparse.Namespace) -> int:
    """Prove the grader."""
    with set_up(asked.project) as project:
        results = proof.prove(project, chosen(asked), asked.language)
        return int(not proof.show(results))


def collect(asked: argparse.Namespace) -> int:
    """Clone the repositories of a class, as they were at the deadline."""
    students = classroom.collect(Path(asked.roster), asked.deadline, Path(asked.into))
    for each in students:
        print(f"{each.name}: {each.problem or each.commit[:10]}")
    return int(any(each.problem for each in students))


def grade(asked: argparse.Namespace) -> int:
    """Grade what was collected; write table.csv, class.html and grades.json."""
    sandbox = () if asked.open_network else classroom.find_sandbox()
    seed = secrets.randbelow(1 << 31) if asked.seed is None else asked.seed
    with set_up(asked.project) as project:
        given = (Path(asked.into), project, chosen(asked), asked.language)
        for student, grades in classroom.grade(*given, seed, sandbox):
            points = sum(each.points for each in grades)
            print(f"{student.name}: {student.problem or points}", flush=True)
    print(f"{asked.into}/{classroom.TABLE} has the table; the seed was {seed}.")
    return 0


def chosen(asked: argparse.Namespace) -> list[Exercise]:
    """Return the exercises that were asked for; all if none was."""
    return read_course() if asked.exercises is None else choose(asked.exercises)


@contextmanager
def set_up(given: str | None) -> Iterator[Path]:
    """Yield a project to change, with a .venv: a copy of `given`, or a new one."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "library-api"
        if given:
            left = shutil.ignore_patterns(".venv", "build", "course", "__pycache__")
            shutil.copytree(given, project, ignore=left)
            (project / ".venv").symlink_to(Path(given, ".venv").resolve())
        else:
            starter.make(project, [])
            install = ["make", "install", f"PYTHON={sys.executable}"]
            subprocess.run(install, cwd=project, check=True)
        yield project


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="coursework", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for does in (new, prove, collect, grade):
        command = commands.add_parser(does.__name__, help=does.__doc__)
        command.set_defaults(does=does)
    for name in ("new", "prove", "grade"):
        command = commands.choices[name]
        command.add_argument("--exercises", help="such as 1-4,7; all if left out")
        command.add_argument("--language", choices=LANGUAGES, default="en")
    commands.choices["new"].add_argument("--out", required=True, help="a new folder")
    for name in ("prove", "grade"):
        help_ = "a rendered project with its .venv, instead of a new one"
        commands.choices[name].add_argument("--project", help=help_)
    for name in ("collect", "grade"):
        command = commands.choices[name]
        command.add_argument("--into", default="build/class", help="the class's folder")
    roster = commands.choices["collect"]
    roster.add_argument("roster", help="a CSV file with the columns name,repository")
    roster.add_argument("--deadline", default="now", help="a date as git reads it")
    grading = commands.choices["grade"]
    grading.add_argument("--seed", type=int, help="to grade on the same data again")
    grading.add_argument("--open-network", action="store_true", help="without sandbox")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run a command; return the exit code."""
    asked = parse(arguments)
    try:
        return asked.does(asked)
    except Mistake as mistake:
        print(mistake, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
