"""Writes the pull request's comment, in Markdown, from the results of the checks."""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypedDict

from ci import Outcome, reports
from ci.checks import CHECKS

# The next run finds its comment by this.
MARKER = "<!-- what continuous integration found -->"
# GitHub takes 65,536 characters; a comment that long nobody reads.
MAX_LENGTH = 50_000
MAX_FAILURES = 5
MAX_LENGTHS = {"diff": 8000, "output": 3000, "message": 1200}
MARKS = {"success": "✅", "failure": "❌", "cancelled": "⚪", "skipped": "⚪"}


class Check(TypedDict):
    """How a check went. `result` is one of MARKS; `seconds` is None if it never ran."""

    name: str
    result: str
    seconds: float | None
    steps: list[Outcome]


@dataclasses.dataclass
class Run:
    """What is known about the run; at home all fields may be empty."""

    # By the job's name, what GitHub says of it: {"result": "success"}.
    needs: dict[str, Any] = dataclasses.field(default_factory=dict)
    # The addresses of the commit's files and of this run.
    files: str = ""
    log: str = ""
    commit: str = ""
    earlier_coverage: float | None = None


def write(folder: Path, run: Run) -> str:
    """Return the comment about the results in `folder`."""
    checks = [read(folder / name, run.needs.get(name)) for name in CHECKS]
    failed = [check for check in checks if check["result"] == "failure"]
    parts = [MARKER, headline(checks, failed), table(checks)]
    parts += within_limit(section(c, folder / c["name"], run) for c in failed)
    parts += [coverage_line(folder, run), scan_section(folder), footer(checks, run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def within_limit(sections: Iterable[str]) -> Iterator[str]:
    """Yield sections as long as they fit; then say what is left out."""
    left = MAX_LENGTH
    for text in sections:
        left -= len(text)
        if left < 0:
            yield "The rest is in the log: it does not fit here."
            return
        yield text


def read(folder: Path, need: dict[str, Any] | None) -> Check:
    """Return a check's name, result, steps and seconds; GitHub's result comes first."""
    path = folder / "result.json"
    found: dict[str, Any] = {"steps": [], "seconds": None}
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
    failed = any(step["exit_code"] for step in found["steps"])
    played = "failure" if failed else "success" if found["steps"] else "skipped"
    result = need["result"] if need else played
    return Check(
        name=folder.name,
        result=result,
        seconds=found["seconds"],
        steps=found["steps"],
    )


def headline(checks: list[Check], failed: list[Check]) -> str:
    if failed:
        names = ", ".join(check["name"] for check in failed)
        return f"## ❌ {len(failed)} of {len(checks)} checks failed: {names}"
    if all(check["result"] == "success" for check in checks):
        return "## ✅ Every check passed"
    return "## ⚪ No check failed, and not every check ran"


def table(checks: list[Check]) -> str:
    rows = [
        f"| {check['name']} | {MARKS.get(check['result'], '⚪')} {what_happened(check)} "
        f"| {duration(check['seconds'])} |"
        for check in checks
    ]
    return "\n".join(["| check | result | time |", "|---|---|---|", *rows])


def what_happened(check: Check) -> str:
    failed = [step["name"] for step in failed_steps(check)]
    if failed:
        return "failed: " + ", ".join(failed)
    if check["result"] == "failure":
        return "failed before its first step, or was stopped: see the log"
    return {"success": "passed", "cancelled": "cancelled"}.get(
        check["result"], "not run"
    )


def failed_steps(check: Check) -> list[Outcome]:
    return [step for step in check["steps"] if step["exit_code"]]


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def section(check: Check, folder: Path, run: Run) -> str:
    """Return what helps to fix a check that failed."""
    parts = []
    for step in failed_steps(check):
        parts.append(f"### {check['name']}: {step['name']}")
        if step["mend"]:
            parts.append(f"To mend it: {step['mend']}")
        failures = failed_tests(folder) if step["shows"] == "tests" else []
        if failures:
            parts += [test_list(failures, run)]
        else:
            parts += [output(step, folder)]
    return "\n\n".join(parts)


def failed_tests(folder: Path) -> list[reports.Failure]:
    """Return the failures; one that is the same in two suites appears once."""
    told: dict[tuple[str, str], reports.Failure] = {}
    for suite in reports.read_suites(folder):
        for failure in suite.failures:
            same = told.setdefault((failure.test, failure.message), failure)
            if same is not failure:
                same.suite += f" and {failure.suite}"
    return list(told.values())


def test_list(failures: list[reports.Failure], run: Run) -> str:
    shown = [test_entry(failure, run) for failure in failures[:MAX_FAILURES]]
    more = len(failures) - len(shown)
    if more:
        shown.append(f"... and {more} more, in the log.")
    return "\n\n".join(shown)


def test_entry(failure: reports.Failure, run: Run) -> str:
    place = f"{failure.file}:{failure.line}" if failure.line else failure.file
    if run.files and failure.file:
        line = f"#L{failure.line}" if failure.line else ""
        place = f"[{place}]({run.files}/{failure.file}{line})"
    message = fenced(cut(failure.message, "message"))
    return f"**{code(failure.test)}** {failure.suite} ({place})\n\n{message}"


def output(step: Outcome, folder: Path) -> str:
    """Return a step's output, folded: the start of a diff, else the end."""
    path = folder / step["log"]
    said = path.read_text(encoding="utf-8") if path.is_file() else ""
    said = re.sub(r"\x1b\[[0-9;]*m", "", said).strip()
    if step["shows"] == "diff":
        return folded("the difference", fenced(cut(said, "diff"), "diff"))
    return folded("what it said", fenced(cut(said, "output", from_end=True)))


def coverage_line(folder: Path, run: Run) -> str:
    percent = reports.read_coverage(folder / "tests" / "coverage.json")
    suites = reports.read_suites(folder / "tests")
    counts = ", ".join(count(suite) for suite in suites)
    said = f"Tests: {counts}." if counts else ""
    if percent is None:
        return said
    return f"{said} Coverage: **{percent:.1f} %**{change(percent, run)}."


def count(suite: reports.Suite) -> str:
    failed = f"{len(suite.failures)} failed and " if suite.failures else ""
    return f"{failed}{suite.passed} passed {suite.name}"


def change(percent: float, run: Run) -> str:
    if run.earlier_coverage is None:
        return " (nothing to compare with yet)"
    difference = round(percent, 1) - round(run.earlier_coverage, 1)
    return f" ({difference:+.1f} against the main branch)"


def scan_section(folder: Path) -> str:
    holes = reports.read_scan(folder / "image" / "scan.json")
    if holes is None:
        return ""
    if not holes:
        return "Image scan: no hole that a newer version mends."
    word = "hole" if len(holes) == 1 else "holes"
    listing = fenced(cut("\n".join(holes), "output"))
    return folded(
        f"⚠️ Image scan: {len(holes)} {word} that a newer version mends", listing
    )


def footer(checks: list[Check], run: Run) -> str:
    seconds = max((check["seconds"] or 0 for check in checks), default=0)
    facts = [f"longest check: {duration(seconds)}"]
    if run.commit:
        facts.insert(0, f"commit {code(run.commit[:7])}")
    if run.log:
        facts.append(f"[the whole log]({run.log})")
    return " · ".join(facts)


def folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def fenced(text: str, language: str = "") -> str:
    """Return a code block; its fence is longer than any in the text."""
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code(text: str) -> str:
    """Return inline code, without backticks and line ends, which would end it."""
    return "`" + text.replace("`", "'").replace("\n", " ") + "`"


def cut(text: str, kind: str, from_end: bool = False) -> str:
    most = MAX_LENGTHS[kind]
    if len(text) <= most:
        return text
    note = f"... ({len(text) - most} characters left out)"
    return f"{note}\n{text[-most:]}" if from_end else f"{text[:most]}\n{note}"
