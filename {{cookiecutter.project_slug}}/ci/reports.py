"""Reads the tools' own reports: JUnit XML, and the JSON of coverage and the scan."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

# The end of a traceback: "tests/test_isbn.py:12: AssertionError".
PLACE = re.compile(r"^(?P<file>[\w./-]+\.py):(?P<line>\d+): ", re.MULTILINE)
IN_THE_LAB = "in the lab"


@dataclasses.dataclass
class Failure:
    """A test that did not pass; `line` is None if it is unknown."""

    test: str
    suite: str
    message: str
    file: str
    line: int | None = None


@dataclasses.dataclass
class Suite:
    """One run of the tests; `name` is such as "on SQLite"."""

    name: str
    passed: int
    skipped: int
    failures: list[Failure]


def read_suites(folder: Path) -> list[Suite]:
    """Return the Suites of a folder's JUnit files."""
    return [_read_suite(path) for path in sorted(folder.glob("*.xml"))]


def _read_suite(path: Path) -> Suite:
    cases = list(ElementTree.parse(path).iter("testcase"))
    name = IN_THE_LAB if path.stem == "lab" else f"on {path.stem}"
    failed = [case for case in cases if _find_problem(case) is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    return Suite(
        name,
        len(cases) - len(failed) - skipped,
        skipped,
        [_failure(case, name) for case in failed],
    )


def _find_problem(case: Element) -> Element | None:
    found = case.find("failure")
    return case.find("error") if found is None else found


def _failure(case: Element, suite: str) -> Failure:
    problem, name = _find_problem(case), case.get("name", "")
    assert problem is not None, "only for tests that failed"
    module = _module_path(case.get("classname", ""))
    places = list(PLACE.finditer(problem.text or ""))
    # The last line of the test itself, not one deep inside a library.
    own = [place for place in places if place["file"] == module] or places
    return Failure(
        test=f"{module}::{name}" if module else name,
        suite=suite,
        message=(problem.get("message") or problem.text or "no message").strip(),
        file=own[-1]["file"] if own else module,
        line=int(own[-1]["line"]) if own else None,
    )


def _module_path(classname: str) -> str:
    """Return tests/test_isbn.py for tests.test_isbn, or for a class in it."""
    parts = classname.split(".")
    while parts and not parts[-1].startswith("test"):
        parts.pop()
    return "/".join(parts) + ".py" if parts else ""


def read_coverage(path: Path) -> float | None:
    """Return the coverage in per cent from coverage's JSON file; None without one."""
    if not path.is_file():
        return None
    totals = json.loads(path.read_text(encoding="utf-8"))["totals"]
    return float(totals["percent_covered"])


def read_scan(path: Path) -> list[str] | None:
    """Return a line for each vulnerability that has a fix; None without a scan."""
    if not path.is_file():
        return None
    matches = json.loads(path.read_text(encoding="utf-8")).get("matches", [])
    lines = {_hole(match) for match in matches if _fixed_in(match)}
    return sorted(lines)


def _hole(match: dict[str, Any]) -> str:
    about, where = match["vulnerability"], match["artifact"]
    return (
        f"{about['severity']}: {where['name']} {where['version']}, {about['id']}, "
        f"fixed in {', '.join(_fixed_in(match))}"
    )


def _fixed_in(match: dict[str, Any]) -> list[str]:
    versions: list[str] = match["vulnerability"].get("fix", {}).get("versions", [])
    return versions
