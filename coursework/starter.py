"""What a class begins with: the project with stubs in it, and the student's side."""

import json
import shutil
from pathlib import Path
from typing import Any

from cookiecutter.main import cookiecutter

from coursework import cutting
from coursework.catalogue import HERE, Exercise, Mistake
from coursework.student.variants import ANSWERS

ROOT = HERE.parent
CHECK_FILES = ("check.py", "sentences.toml")
SUMMARIES = {
    "course": "연습 문제의 진행 상황과 다음 문제를 보여 줍니다 (ARGS=--check: 모두 검사)",
    "check": "연습 문제 하나를 검사합니다 (EX=05)",
    "hint": "연습 문제의 힌트를 하나 더 보여 줍니다 (EX=05)",
}
BLANK = {
    "en": "# Your answers to your own questions; `make check` asks them.\n",
    "ko": "# 자기만의 질문에 대한 답. 질문은 `make check`가 합니다.\n",
}
INCLUDE = "\n# The exercises.\ninclude course/course.mk\n"
UNUSED = """
# What a solution needs is imported before it is written.
[tool.ruff.lint.per-file-ignores]
"""


def make(out: Path, exercises: list[Exercise], **answers: str) -> Path:
    """Render the project into the folder `out`, cut the exercises out; return it.

    `answers` are the template's. Raises Mistake if the folder is there already.
    """
    if out.exists():
        raise Mistake(f"--out {out}: it exists; give a folder that is not there yet")
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.parent / f".{out.name}.new"
    try:
        rendered = cookiecutter(
            str(ROOT), no_input=True, extra_context=answers, output_dir=str(scratch)
        )
        for exercise in exercises:
            put_stub(Path(rendered), exercise)
        add_students_side(Path(rendered), exercises, answers.get("language", "en"))
        _extend_project(Path(rendered), exercises)
        if any(each.answers for each in exercises):
            _append(Path(rendered) / ANSWERS, BLANK[answers.get("language", "en")])
        Path(rendered).rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return out


def put_stub(project: Path, exercise: Exercise) -> None:
    """Put the exercise's stub in the place of its solution. Raises Mistake."""
    path = project / exercise.file
    if exercise.naive.exists():
        put(project, exercise, exercise.naive)
        return
    source = path.read_text(encoding="utf-8")
    message = f"Exercise {exercise.id}: {exercise.title['en']}"
    path.write_text(
        cutting.stub(source, exercise.symbols, message), encoding="utf-8", newline="\n"
    )


def put(project: Path, exercise: Exercise, replacement: Path) -> None:
    """Put a file's symbols in the place of the exercise's own. Raises Mistake.

    A folder has whole files in it, each named like the one whose place it takes.
    """
    if replacement.is_dir():
        for name in exercise.files:
            if (replacement / name).exists():
                shutil.copyfile(replacement / name, project / name)
        return
    path = project / exercise.file
    code = cutting.cutter(path)(
        path.read_text(encoding="utf-8"),
        replacement.read_text(encoding="utf-8"),
        exercise.symbols,
    )
    path.write_text(code, encoding="utf-8", newline="\n")


def add_students_side(project: Path, exercises: list[Exercise], language: str) -> None:
    """Write `course/` and the workflow that grades each push."""
    course = project / "course"
    shutil.copytree(
        HERE / "student", course, ignore=shutil.ignore_patterns("__pycache__", "*.yml")
    )
    workflows = project / ".github/workflows"
    shutil.copy(HERE / "student/grade.yml", workflows)
    rows = [_row(exercise, language) for exercise in exercises]
    about = {"language": language, "exercises": rows}
    text = json.dumps(about, ensure_ascii=False, indent=2)
    (course / "course.json").write_text(f"{text}\n", encoding="utf-8")
    for exercise in exercises:
        folder = course / "exercises" / exercise.folder.name
        folder.mkdir(parents=True)
        for name in CHECK_FILES:
            shutil.copy(exercise.folder / name, folder)
        task, hints = exercise.text(language)
        (folder / "task.md").write_text(task, encoding="utf-8")
        (folder / "hints.md").write_text("\n".join(hints), encoding="utf-8")


def _row(exercise: Exercise, language: str) -> dict[str, Any]:
    names = ("id", "name", "week", "points", "needs", "databases")
    names += ("file", "symbols", "also")
    row = {name: getattr(exercise, name) for name in names}
    return row | {"title": exercise.title[language]}


def _extend_project(project: Path, exercises: list[Exercise]) -> None:
    _append(project / "Makefile", INCLUDE)
    files = sorted({each.file for each in exercises if each.file.endswith(".py")})
    unused = [f'"{name}" = ["F401", "RUF100"]\n' for name in files]
    _append(project / "pyproject.toml", "".join([UNUSED, *unused]))
    words = project / "tools/help.list"
    if "##" in words.read_text(encoding="utf-8"):
        said = [f"{name}: ## {text}\n" for name, text in SUMMARIES.items()]
        _append(words, "".join(said))


def _append(path: Path, text: str) -> None:
    with open(path, "a", encoding="utf-8", newline="\n") as file:
        file.write(text)
