"""Names in backticks that must exist: make targets, commands, settings, files."""

import re
from functools import cache

from docs.tools import PROJECT, ROOT, facts
from docs.tools.parsing import COMMENT, without_fences

SPAN = re.compile(r"`([^`\n]+)`")
MAKE = re.compile(r"make ([a-z][a-z-]*)\b")
MANAGE = re.compile(r"manage\.py ([a-z_]+)\b")
PATH = re.compile(
    r"(?:[\w.{}-]+/)+[\w.-]*(?:\.(?:py|md|sh|tf|yml|yaml|toml|txt|lua|json|in)|/)"
)
VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
ASSIGNED = re.compile(rf"({VARIABLE.pattern})(?:=.*)?")
# The last is that of the course's starters.
COURSE = ROOT / "coursework/student/course.mk"
MAKEFILES = (ROOT / "Makefile", PROJECT / "Makefile", COURSE)
CODE = {".py", ".sh", ".yml", ".toml", ".tf", ".example"}
# What working in the template's project leaves there.
MADE = {".venv", "build"}
DJANGO = (
    "check createsuperuser dbshell dumpdata loaddata makemigrations migrate "
    "runserver shell showmigrations sqlmigrate collectstatic spectacular test"
)


def spans(page, text):
    return SPAN.findall(COMMENT.sub("", without_fences(text, page)))


def unknown(page, text):
    """The names in backticks that nothing is called."""
    targets, commands = make_targets(), manage_commands()
    for span in spans(page, text):
        for name in MAKE.findall(span):
            if span.startswith("make ") and name not in targets:
                yield f"{page}: no make target: {span}"
        for name in MANAGE.findall(span):
            if name not in commands:
                yield f"{page}: no command of manage.py: {span}"
        variable = ASSIGNED.fullmatch(span)
        if variable and variable[1] not in variables():
            yield f"{page}: the code knows no such variable: {span}"
        if PATH.fullmatch(span) and not exists(span, PROJECT / page):
            yield f"{page}: no such file: {span}"


def make_targets():
    return {name for makefile in MAKEFILES for name, _ in facts.targets(makefile)}


def manage_commands():
    ours = {path.stem for path in PROJECT.glob("*/management/commands/*.py")}
    return ours | set(DJANGO.split())


@cache
def variables():
    """The UPPER_CASE names in the rendered project's code."""
    texts = (
        path.read_text(encoding="utf-8")
        for path in PROJECT.rglob("*")
        if path.suffix in CODE and not MADE & set(path.relative_to(PROJECT).parts)
    )
    return {name for text in texts for name in VARIABLE.findall(text)}


def exists(path, page):
    """Whether it is there, seen from the page too, or a command makes it in build/."""
    folders = (PROJECT, ROOT, ROOT / "docs", page.parent)
    return path.startswith("build/") or any((f / path).exists() for f in folders)
