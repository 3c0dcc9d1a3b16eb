"""Writes the pull request's comment, in Markdown, from the results of the checks."""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypedDict

from ci import Outcome, reports
from ci.checks import CHECKS

# The next run finds this one's comment by it.
MARKER = "<!-- what continuous integration found -->"
# GitHub accepts 65,536 characters, but nobody reads a comment that long.
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
    """What is known about the run; outside GitHub all fields may be empty."""

    # What GitHub says about each job, by its name: {"style": {"result": "success"}}.
    needs: dict[str, Any] = dataclasses.field(default_factory=dict)
    # The addresses of the commit's files and of this run.
    files: str = ""
    log: str = ""
    commit: str = ""
    earlier_coverage: float | None = None


def write(folder: Path, run: Run) -> str:
    """Return the comment about the results in `folder`."""
    checks = [_read(folder / name, run.needs.get(name)) for name in CHECKS]
    failed = [check for check in checks if check["result"] == "failure"]
    parts = [MARKER, _headline(checks, failed), _table(checks)]
    parts += _within_limit(_section(c, folder / c["name"], run) for c in failed)
    parts += [_coverage_line(folder, run), _scan_section(folder), _footer(checks, run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _within_limit(sections: Iterable[str]) -> Iterator[str]:
    """Yield sections while they fit into MAX_LENGTH, then a note if some don't."""
    left = MAX_LENGTH
    for text in sections:
        left -= len(text)
        if left < 0:
            yield "The rest is in the log: it does not fit here."
            return
        yield text


def _read(folder: Path, need: dict[str, Any] | None) -> Check:
    """Return how a check went; what GitHub says about its job takes precedence."""
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


def _headline(checks: list[Check], failed: list[Check]) -> str:
    if failed:
        names = ", ".join(check["name"] for check in failed)
        return f"## ❌ {len(failed)} of {len(checks)} checks failed: {names}"
    if all(check["result"] == "success" for check in checks):
        return "## ✅ Every check passed"
    return "## ⚪ No check failed, and not every check ran"


def _table(checks: list[Check]) -> str:
    rows = [
        f"| {check['name']} "
        f"| {MARKS.get(check['result'], '⚪')} {_what_happened(check)} "
        f"| {_duration(check['seconds'])} |"
        for check in checks
    ]
    return "\n".join(["| check | result | time |", "|---|---|---|", *rows])


def _what_happened(check: Check) -> str:
    failed = [step["name"] for step in _failed_steps(check)]
    if failed:
        return "failed: " + ", ".join(failed)
    if check["result"] == "failure":
        return "failed before its first step, or was stopped: see the log"
    return {"success": "passed", "cancelled": "cancelled"}.get(
        check["result"], "not run"
    )


def _failed_steps(check: Check) -> list[Outcome]:
    return [step for step in check["steps"] if step["exit_code"]]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _section(check: Check, folder: Path, run: Run) -> str:
    """Return what helps to fix a check that failed."""
    parts = []
    for step in _failed_steps(check):
        parts.append(f"### {check['name']}: {step['name']}")
        if step["mend"]:
            parts.append(f"To mend it: {step['mend']}")
        failures = _failed_tests(folder) if step["shows"] == "tests" else []
        if failures:
            parts += [_test_list(failures, run)]
        else:
            parts += [_output(step, folder)]
    return "\n\n".join(parts)


def _failed_tests(folder: Path) -> list[reports.Failure]:
    """Return the failures; one that two suites share appears once, with both names."""
    told: dict[tuple[str, str], reports.Failure] = {}
    for suite in reports.read_suites(folder):
        for failure in suite.failures:
            same = told.setdefault((failure.test, failure.message), failure)
            if same is not failure:
                same.suite += f" and {failure.suite}"
    return list(told.values())


def _test_list(failures: list[reports.Failure], run: Run) -> str:
    shown = [_test_entry(failure, run) for failure in failures[:MAX_FAILURES]]
    more = len(failures) - len(shown)
    if more:
        shown.append(f"... and {more} more, in the log.")
    return "\n\n".join(shown)


def _test_entry(failure: reports.Failure, run: Run) -> str:
    place = f"{failure.file}:{failure.line}" if failure.line else failure.file
    if run.files and failure.file:
        line = f"#L{failure.line}" if failure.line else ""
        place = f"[{place}]({run.files}/{failure.file}{line})"
    message = _fenced(_cut(failure.message, "message"))
    return f"**{_code(failure.test)}** {failure.suite} ({place})\n\n{message}"


def _output(step: Outcome, folder: Path) -> str:
    """Return a step's output, folded: the start of a diff, else the end."""
    path = folder / step["log"]
    said = path.read_text(encoding="utf-8") if path.is_file() else ""
    said = re.sub(r"\x1b\[[0-9;]*m", "", said).strip()
    if step["shows"] == "diff":
        return _folded("the difference", _fenced(_cut(said, "diff"), "diff"))
    return _folded("what it said", _fenced(_cut(said, "output", from_end=True)))


def _coverage_line(folder: Path, run: Run) -> str:
    percent = reports.read_coverage(folder / "tests" / "coverage.json")
    suites = reports.read_suites(folder / "tests")
    counts = ", ".join(_count(suite) for suite in suites)
    said = f"Tests: {counts}." if counts else ""
    if percent is None:
        return said
    return f"{said} Coverage: **{percent:.1f} %**{_change(percent, run)}."


def _count(suite: reports.Suite) -> str:
    failed = f"{len(suite.failures)} failed and " if suite.failures else ""
    return f"{failed}{suite.passed} passed {suite.name}"


def _change(percent: float, run: Run) -> str:
    if run.earlier_coverage is None:
        return " (nothing to compare with yet)"
    difference = round(percent, 1) - round(run.earlier_coverage, 1)
    return f" ({difference:+.1f} against the main branch)"


def _scan_section(folder: Path) -> str:
    holes = reports.read_scan(folder / "image" / "scan.json")
    if holes is None:
        return ""
    if not holes:
        return "Image scan: no hole that a newer version mends."
    word = "hole" if len(holes) == 1 else "holes"
    listing = _fenced(_cut("\n".join(holes), "output"))
    return _folded(
        f"⚠️ Image scan: {len(holes)} {word} that a newer version mends", listing
    )


def _footer(checks: list[Check], run: Run) -> str:
    seconds = max((check["seconds"] or 0 for check in checks), default=0)
    facts = [f"longest check: {_duration(seconds)}"]
    if run.commit:
        facts.insert(0, f"commit {_code(run.commit[:7])}")
    if run.log:
        facts.append(f"[the whole log]({run.log})")
    return " · ".join(facts)


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _fenced(text: str, language: str = "") -> str:
    """Return a code block; its fence is longer than any in the text."""
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _code(text: str) -> str:
    """Return inline code; backticks and line ends, which would end it, are replaced."""
    return "`" + text.replace("`", "'").replace("\n", " ") + "`"


def _cut(text: str, kind: str, from_end: bool = False) -> str:
    most = MAX_LENGTHS[kind]
    if len(text) <= most:
        return text
    note = f"... ({len(text) - most} characters left out)"
    return f"{note}\n{text[-most:]}" if from_end else f"{text[:most]}\n{note}"
