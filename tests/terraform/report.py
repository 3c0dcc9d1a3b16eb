"""The report of a run, for docs/assets/terraform (see its README.md)."""

import json
import os
import re
import time
from contextlib import contextmanager
from pathlib import Path

from tests.baking import ROOT

FOLDER = os.environ.get("TERRAFORM_FIGURES")
COMMITTED = ROOT / "docs/assets/terraform/report.json"


@contextmanager
def stopwatch(facts, name):
    """Note in `facts` how many seconds the block took."""
    start = time.monotonic()
    yield
    facts[f"{name}_seconds"] = round(time.monotonic() - start)


def resources(root):
    """How many things a root has made: its state's entries, but for what it read."""
    made = root.run("state", "list").stdout.splitlines()
    return len([address for address in made if not address.startswith("data.")])


def diff(root, *arguments):
    """The part of a plan's output that lists the changes."""
    shown = root.run("plan", "-no-color", "-refresh=false", *arguments).stdout
    return re.search(r"(?ms)^  # .*^Plan: [^\n]+\n", shown)[0]


def keep(name, facts):
    """Write them into the report, if one is asked for; else compare it with them.

    All but the seconds, which are another machine's.
    """
    if not FOLDER:
        known = json.loads(COMMITTED.read_text(encoding="utf-8"))[name]
        counts = {key: n for key, n in facts.items() if not key.endswith("seconds")}
        assert known | counts == known, "stale: see docs/assets/terraform/README.md"
        return
    report = Path(FOLDER, "report.json")
    report.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(report.read_text()) if report.exists() else {}
    text = json.dumps(known | {name: facts}, indent=2, sort_keys=True)
    report.write_text(f"{text}\n", encoding="utf-8")


def keep_text(name, text):
    """Write a file beside the report, if one is asked for."""
    if FOLDER:
        Path(FOLDER, name).write_text(text, encoding="utf-8")
