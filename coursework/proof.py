"""Proves the grader: it must tell right from wrong, and say why.

For each exercise, in one set-up project: the real code passes while all other exercises
are still stubs, the stub fails, each wrong solution fails with the sentence that
course.toml names, and a solution that has memorised the student's data passes on that
data and fails on other.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coursework import starter
from coursework.catalogue import Exercise, read_course
from coursework.student.variants import ANSWERS

STUDENTS_SEED, FRESH_SEED = 1, 20261
PASSED = "passed"
FIRST, SECOND = "0", "1"
# One check, in the project's own Python.
ASK = """
import sys
from course.grader import check, read_course
language, course = read_course()
[exercise] = [each for each in course if each.id == sys.argv[1]]
outcome = check(exercise, language, int(sys.argv[2]), sys.argv[3])
print(outcome.key, outcome.said, outcome.evidence, sep="\\n")
"""


@dataclass(frozen=True)
class Proved:
    """One check of one solution: what it had to say, what it said, in how long."""

    exercise: str
    solution: str
    expected: str
    key: str
    said: str
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the check said what it had to say."""
        if self.expected == "":
            return self.key not in (PASSED, "lacks", "too_long", "does_not_start")
        return self.key == self.expected


def prove(project: Path, exercises: list[Exercise], language: str) -> Iterator[Proved]:
    """Yield what each check says of each solution.

    `project` is a rendered project with its .venv; it gets a `course/`, and its files
    are as before at the end.
    """
    shutil.rmtree(project / "course", ignore_errors=True)
    starter.add_students_side(project, exercises, language)
    try:
        for exercise in exercises:
            _answer(project, exercise, FIRST)
            with _others_unsolved(project, exercise):
                yield _ask(project, exercise, "solution", PASSED)
            yield from _prove_own_questions(project, exercise)
            yield from _prove_one(project, exercise)
    finally:
        shutil.rmtree(project / "course")
        (project / ".github/workflows/grade.yml").unlink()
        (project / ANSWERS).unlink(missing_ok=True)


def _answer(project: Path, exercise: Exercise, variant: str) -> None:
    """Answer the question of a variant, if the exercise has some."""
    right = exercise.answers[int(variant)] if exercise.answers else []
    text = f"{exercise.id} = {json.dumps(right)}\n"
    (project / ANSWERS).write_text(text, encoding="utf-8")


def _prove_own_questions(project: Path, exercise: Exercise) -> Iterator[Proved]:
    """Give the answer to one question to another, then the right one."""
    if not exercise.answers:
        return
    ask = (STUDENTS_SEED, SECOND)
    yield _ask(project, exercise, "another's answer", "not_yours", *ask)
    (project / ANSWERS).unlink()
    yield _ask(project, exercise, "no answer", "unanswered", *ask)
    _answer(project, exercise, SECOND)
    yield _ask(project, exercise, "the second's answer", PASSED, *ask)
    _answer(project, exercise, FIRST)


@contextmanager
def _others_unsolved(project: Path, exercise: Exercise) -> Iterator[None]:
    others = [each for each in read_course() if each.id != exercise.id]
    with _kept(project / name for each in others for name in each.files):
        for each in others:
            starter.put_stub(project, each)
        yield


@contextmanager
def _kept(paths: Iterable[Path]) -> Iterator[None]:
    """Let files be changed, and write their texts back at the end."""
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    try:
        yield
    finally:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")


def _prove_one(project: Path, exercise: Exercise) -> Iterator[Proved]:
    files = [project / name for name in exercise.files]
    wrong = exercise.wrong_solutions()
    memorised = wrong.pop("memorised")
    with _kept(files):
        starter.put_stub(project, exercise)
        yield _ask(project, exercise, "stub", exercise.stub)
    for name, file in wrong.items():
        with _kept(files):
            starter.put(project, exercise, file)
            yield _ask(project, exercise, name, exercise.wrong[name])
    with _kept(files):
        starter.put(project, exercise, memorised)
        yield _ask(project, exercise, "memorised", PASSED)
        yield _ask(project, exercise, "memorised, fresh seed", "", FRESH_SEED)


def _ask(
    project: Path,
    exercise: Exercise,
    solution: str,
    expected: str,
    seed: int = STUDENTS_SEED,
    variant: str = FIRST,
) -> Proved:
    began = time.monotonic()
    done = subprocess.run(
        question(project, exercise, seed, variant),
        cwd=project,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    key, said = (done.stdout.split("\n", 2) + [""])[:2]
    seconds = time.monotonic() - began
    return Proved(exercise.id, solution, expected, key, said, seconds)


def question(project: Path, exercise: Exercise, seed: int, variant: str) -> list[str]:
    """Return the command that prints key, sentence and evidence of one check."""
    python = str(project / ".venv/bin/python")
    return [python, "-c", ASK, exercise.id, str(seed), variant]


def _environment() -> dict[str, str]:
    unset = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "PYTHONPATH"}
    return {name: text for name, text in os.environ.items() if name not in unset}


def show(results: Iterator[Proved]) -> bool:
    """Print a table of the results as they come; return whether all of them hold."""
    good = True
    for each in results:
        good = good and each.holds
        mark = "ok" if each.holds else f"NO, expected {each.expected or 'a fault'}"
        print(f"{each.exercise}  {each.solution:<24} {each.seconds:5.1f} s  {mark}")
        print(f"    {each.key}: {each.said}", flush=True)
    if not good:
        print("The grader is not proved.", file=sys.stderr)
    return good
