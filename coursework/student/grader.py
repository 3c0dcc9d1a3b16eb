"""Runs the check of an exercise, on each database that it asks for."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import variants

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SECONDS = 120
# `server` is a PostgreSQL on which the check makes databases of its own.
POSTGRES = ("postgres", "server")
WORDS = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Exercise:
    """One exercise, as course.json has it."""

    id: str
    name: str
    title: str
    week: int
    points: int
    needs: list[str]
    databases: list[str]
    file: str
    symbols: list[str]
    also: list[str]

    @property
    def folder(self) -> Path:
        """Where its task, hints and check are."""
        return HERE / "exercises" / f"{self.id}-{self.name}"


@dataclass(frozen=True)
class Outcome:
    """What a check found: its key, in one sentence, and the evidence."""

    key: str
    said: str = ""
    evidence: str = ""

    @property
    def passed(self) -> bool:
        """Whether the exercise is solved."""
        return self.key == "passed"


def read_course() -> tuple[str, list[Exercise]]:
    """Return the course's language and its exercises."""
    course = json.loads((HERE / "course.json").read_text(encoding="utf-8"))
    return course["language"], [Exercise(**row) for row in course["exercises"]]


def say(words: dict[str, Any], key: str, language: str, **values: Any) -> str:
    """Return the sentence `key` in a language."""
    return words[key][language].format(**values)


def check(
    exercise: Exercise, language: str, seed: int, variant: str | None = None
) -> Outcome:
    """Check an exercise on each of its databases; return the first fault, or passed.

    `variant` is the number of the student's own question, if the exercise has some;
    left out, it is that of the repository here.
    """
    if variant is None:
        variant = variants.number(exercise.id, variants.name_here(ROOT))
    if "terraform" in exercise.needs and not shutil.which("terraform"):
        what = say(WORDS, "no_terraform", language)
        return Outcome("lacks", say(WORDS, "lacks", language, what=what))
    for database in exercise.databases:
        outcome = _check_on(database, exercise, language, seed, variant)
        if not outcome.passed:
            return outcome
    return Outcome("passed", say(WORDS, "passed", language))


def _check_on(
    database: str,
    exercise: Exercise,
    language: str,
    seed: int,
    variant: str,
) -> Outcome:
    from tests import servers

    server = servers.postgres() if database in POSTGRES else nullcontext("")
    try:
        with server as url:
            environment = {"DATABASE_URL": url, variants.VARIABLE: variant}
            return _run(exercise, language, seed, database, environment)
    except servers.Unavailable as reason:
        return Outcome("lacks", say(WORDS, "lacks", language, what=reason))


def _run(
    exercise: Exercise,
    language: str,
    seed: int,
    database: str,
    environment: dict[str, str],
) -> Outcome:
    (ROOT / "build/course").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.json"
        command = [sys.executable, "-m", "course.trial"]
        command += [str(exercise.folder), str(seed), database, str(result)]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome("too_long", say(WORDS, "too_long", language, n=SECONDS))
        if not result.exists():
            return Outcome("ended", say(WORDS, "ended", language), done.stderr[-600:])
        finding = json.loads(result.read_text(encoding="utf-8"))
    return _outcome(exercise, language, finding)


def _outcome(exercise: Exercise, language: str, finding: dict[str, Any]) -> Outcome:
    own = (exercise.folder / "sentences.toml").read_text(encoding="utf-8")
    words = WORDS | tomllib.loads(own)
    said = say(words, finding["key"], language, **finding["values"])
    return Outcome(finding["key"], said, finding["evidence"])
