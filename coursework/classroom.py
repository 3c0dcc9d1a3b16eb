"""The teacher's side: collect a class's repositories, grade them, make the table.

A roster is a CSV file with the columns `name` and `repository` (a URL or a path).
Grading runs strangers' code: in a copy, with the teacher's own checks and tests, data
that nobody has seen, no network, and limits of time and memory. It can still read what
its user can read, so grade as a user, or on a machine, that holds nothing else.
"""

import csv
import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from coursework import proof, starter
from coursework.catalogue import Exercise, Mistake
from coursework.student.variants import name_of, number

COLLECTED, GRADES, TABLE, PAGE = (
    "collected.json",
    "grades.json",
    "table.csv",
    "class.html",
)
# A check leans on these; a student's own version of them counts for nothing.
TEACHERS = ("tests", "lab", "tools", "conftest.py", "manage.py")
MEMORY, PROCESSOR, FILE = 4 << 30, 300, 1 << 30
SECONDS = 400
# The loopback is needed: PostgreSQL answers there.
NO_NETWORK = ("sh", "-c", 'ip link set lo up && exec "$@"', "sh")
LIMITS = ("prlimit", f"--as={MEMORY}", f"--cpu={PROCESSOR}", f"--fsize={FILE}")


@dataclass(frozen=True)
class Student:
    """One row of the roster, and what was collected: a commit, or the problem."""

    name: str
    repository: str
    folder: str
    commit: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Grade:
    """What a check said of one student's exercise."""

    exercise: str
    passed: bool
    said: str
    points: int


def collect(roster: Path, deadline: str, into: Path) -> list[Student]:
    """Clone each repository of the roster, at its last commit before `deadline`.

    `deadline` is a date as git reads it; the dates of commits are what their authors
    say. For a repository that can't be cloned the student's `problem` tells why, and
    the others go on. Raises Mistake.
    """
    into.mkdir(parents=True, exist_ok=True)
    students = [_clone(row, deadline, into) for row in _read_roster(roster)]
    _write(into / COLLECTED, [asdict(each) for each in students])
    return students


def _read_roster(path: Path) -> list[dict[str, str]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{path} can't be read: {error}") from None
    if not rows or not {"name", "repository"} <= rows[0].keys():
        raise Mistake(f"{path}: its first line must name the columns name,repository")
    return rows


def _clone(row: dict[str, str], deadline: str, into: Path) -> Student:
    name, repository = row["name"] or "", row["repository"] or ""
    folder = re.sub(r"[^\w-]+", "-", name).strip("-") or "nobody"
    student, place = Student(name, repository, folder), into / folder
    shutil.rmtree(place, ignore_errors=True)
    problem = _git(into, "clone", "--quiet", "--", repository, folder)
    if problem:
        return Student(name, repository, folder, problem=problem)
    last = ("rev-list", "--max-count=1", f"--before={deadline}", "HEAD")
    found = _run_git(place, *last).stdout.strip()
    if not found:
        problem = f"no commit before {deadline}"
        return Student(name, repository, folder, problem=problem)
    problem = _git(place, "checkout", "--quiet", "--detach", found)
    return Student(**{**asdict(student), "commit": found, "problem": problem})


def _git(folder: Path, *arguments: str) -> str:
    """Return the last line of git's complaint; "" if it has none."""
    done = _run_git(folder, *arguments)
    said = done.stderr.strip().splitlines() or [f"git ended with {done.returncode}"]
    return said[-1] if done.returncode else ""


def _run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nobody types a password for a repository that is private or gone. The hooks and
    # filters of a stranger's repository do not run: they are not part of a clone.
    quiet = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=quiet,
        capture_output=True,
        text=True,
        check=False,
    )


def grade(
    into: Path,
    project: Path,
    exercises: list[Exercise],
    language: str,
    seed: int,
    sandbox: tuple[str, ...],
) -> Iterator[tuple[Student, list[Grade]]]:
    """Yield each collected student with their grades; write them down at the end.

    `project` is a rendered project with its .venv. `sandbox` is the command that runs
    another without a network (see `find_sandbox`). Raises Mistake.
    """
    try:
        rows = json.loads((into / COLLECTED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Mistake(f"{into} has no {COLLECTED}: collect first") from None
    results = []
    for student in [Student(**row) for row in rows]:
        grades = []
        if not student.problem:
            copy = _copy(into, student, project, exercises, language)
            try:
                grades = [
                    _grade_one(copy, e, seed, sandbox, student) for e in exercises
                ]
            finally:
                shutil.rmtree(copy)
        results.append((student, grades))
        yield student, grades
    _write(
        into / GRADES,
        [
            {"student": asdict(student), "grades": [asdict(each) for each in grades]}
            for student, grades in results
        ],
    )
    _write_table(into, exercises, results)


def _copy(
    into: Path,
    student: Student,
    project: Path,
    exercises: list[Exercise],
    language: str,
) -> Path:
    """Return a copy of a student's work, with the teacher's checks in it."""
    copy = into / f".{student.folder}.copy"
    shutil.rmtree(copy, ignore_errors=True)
    left = shutil.ignore_patterns(".git", ".venv", "build", "course")
    # A link that leads out of the repository is copied as a link, and not followed.
    shutil.copytree(into / student.folder, copy, ignore=left, symlinks=True)
    for name in TEACHERS:
        _remove(copy / name)
        ours = project / name
        (shutil.copytree if ours.is_dir() else shutil.copy)(ours, copy / name)
    for name in ("build", "course", ".venv", ".env", ".github"):
        _remove(copy / name)
    (copy / ".github/workflows").mkdir(parents=True)
    (copy / ".venv").symlink_to((project / ".venv").resolve())
    starter.add_students_side(copy, exercises, language)
    return copy


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _grade_one(
    copy: Path,
    exercise: Exercise,
    seed: int,
    sandbox: tuple[str, ...],
    student: Student,
) -> Grade:
    variant = number(exercise.id, name_of(student.repository))
    ask = proof.question(copy, exercise, seed, variant)
    try:
        done = subprocess.run(
            [*sandbox, *ask],
            cwd=copy,
            env={"PATH": os.environ["PATH"], "HOME": str(copy), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Grade(exercise.id, False, f"not done after {SECONDS} seconds", 0)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["the grader ended"])[-1]
        return Grade(exercise.id, False, said, 0)
    key, said = (done.stdout.split("\n", 2) + [""])[:2]
    passed = key == proof.PASSED
    return Grade(exercise.id, passed, said, exercise.points if passed else 0)


def find_sandbox() -> tuple[str, ...]:
    """Return the command that runs another without a network, within limits.

    Raises Mistake where there is none.
    """
    own_user = () if os.getuid() == 0 else ("--map-current-user", "--keep-caps")
    command = ("unshare", "--net", *own_user, *NO_NETWORK, *LIMITS)
    try:
        done = subprocess.run([*command, "true"], capture_output=True, check=False)
        works = done.returncode == 0
    except FileNotFoundError:
        works = False
    if not works:
        raise Mistake(
            "no network can't be had here (it takes Linux with unshare, ip and "
            "prlimit): grade on such a machine, or add --open-network"
        )
    return command


def _write(path: Path, what: object) -> None:
    text = json.dumps(what, ensure_ascii=False, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")


def _write_table(
    into: Path,
    exercises: list[Exercise],
    results: list[tuple[Student, list[Grade]]],
) -> None:
    heading = ["name", *(each.id for each in exercises), "points", "commit", "problem"]
    rows = [_row(exercises, *each) for each in results]
    with open(into / TABLE, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([heading, *([_plain(c) for c in r] for r in rows)])
    said = {s.name: [g.said for g in grades] for s, grades in results}
    lines = [_html_row("th", heading, [])]
    lines += [_html_row("td", row, said[row[0]]) for row in rows]
    style = "td,th{border:1px solid #999;padding:.3em}table{border-collapse:collapse}"
    page = f'<!doctype html><meta charset="utf-8"><style>{style}</style><table>'
    text = "\n".join([page, *lines, "</table>\n"])
    (into / PAGE).write_text(text, encoding="utf-8")


def _row(exercises: list[Exercise], student: Student, grades: list[Grade]) -> list[str]:
    points = {each.exercise: str(each.points) for each in grades}
    total = str(sum(each.points for each in grades))
    cells = [points.get(each.id, "") for each in exercises]
    return [student.name, *cells, total, student.commit[:10], student.problem]


def _plain(cell: str) -> str:
    # A spreadsheet would take it for a formula.
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell


def _html_row(tag: str, cells: list[str], said: list[str]) -> str:
    titles = ["", *said, *[""] * len(cells)]
    return "<tr>{}</tr>".format(
        "".join(
            f'<{tag} title="{html.escape(title)}">{html.escape(cell)}</{tag}>'
            for cell, title in zip(cells, titles)
        )
    )
