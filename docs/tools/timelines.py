"""The model checker's timelines, for stepping through them in the browser."""

import json
import re

from docs.tools import DOCS, korean, name_of, pages
from docs.tools.steps import steps
from tests.baking import clean_environment, succeed

NAME = "assets/timelines.json"
TRACING = DOCS / "tools/tracing.py"
COMMAND = re.compile(r"-m lab\.model_checker ([\w-]+)")


def shown():
    """The names of the timelines that the pages show, in their order."""
    commands = [
        command
        for page in pages("en")
        for step in steps(name_of(page), page.read_text(encoding="utf-8"))
        for command in step.commands
    ]
    return [
        found[1]
        for command in commands
        if (found := COMMAND.search(command.text)) and "STALE" in "".join(command.shown)
    ]


def found(project):
    """The timelines as the model checker of a set-up project finds them, as JSON."""
    python = project / ".venv/bin/python"
    command = (python, "-c", TRACING.read_text(encoding="utf-8"), *shown())
    return written(json.loads(succeed(*command, cwd=project, env=clean_environment())))


def derived():
    """The Korean file's bytes as they must be, by path."""
    english = json.loads((DOCS / "en" / NAME).read_text(encoding="utf-8"))
    return {DOCS / "ko" / NAME: written(korean.told(english)).encode()}


def written(timelines):
    return json.dumps(timelines, indent=1, ensure_ascii=False) + "\n"
