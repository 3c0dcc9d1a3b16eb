"""`make course ARGS="new --exercises 1-8 --language ko --out DIR"`, and `prove`."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from coursework import proof, starter
from coursework.catalogue import LANGUAGES, Mistake, choose, read_course


def new(asked: argparse.Namespace) -> int:
    """Make a starter."""
    exercises = choose(asked.exercises) if asked.exercises else read_course()
    out = starter.make(Path(asked.out).resolve(), exercises, language=asked.language)
    print(f"{out} has {len(exercises)} exercises. Next, in it: make course")
    return 0


def prove(asked: argparse.Namespace) -> int:
    """Prove the grader, in a new project or in `--project`."""
    exercises = choose(asked.exercises) if asked.exercises else read_course()
    with tempfile.TemporaryDirectory() as scratch:
        if asked.project:
            project = Path(asked.project).resolve()
        else:
            project = starter.make(Path(scratch) / "library-api", [])
            subprocess.run(
                ["make", "install", f"PYTHON={sys.executable}"], cwd=project, check=True
            )
        return int(not proof.show(proof.prove(project, exercises, asked.language)))


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="coursework", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, does in {"new": new, "prove": prove}.items():
        command = commands.add_parser(name, help=does.__doc__)
        command.set_defaults(does=does)
        command.add_argument("--exercises", help="such as 1-4,7; all if left out")
        command.add_argument("--language", choices=LANGUAGES, default="en")
    commands.choices["new"].add_argument("--out", required=True, help="a new folder")
    commands.choices["prove"].add_argument(
        "--project", help="a rendered project with its .venv, instead of a new one"
    )
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
