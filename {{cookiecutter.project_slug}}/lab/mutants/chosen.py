"""Which tests run which lines, and how long each takes: measured once."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

from coverage import CoverageData

from lab.mutants.tree import Tree

CONFIGURATION = """\
[run]
source = caching,common,users,books,loans,config,ci
concurrency = thread
"""
# A test that is slower is no test for each mutant.
SLOWEST = 20.0


class Chosen:
    """The tests of each line. `seconds` has those that passed without a mistake."""

    def __init__(self, lines: dict[str, dict[int, set[str]]], seconds: dict) -> None:
        self.lines, self.seconds = lines, seconds

    def tests_of(self, path: str, line: int, budget: float) -> list[str]:
        """Return the quickest tests that run a line, together within `budget` seconds.

        For a line that runs when it is imported: those that run any line of the file.
        """
        of_file = self.lines.get(path, {})
        found = of_file.get(line) or set().union(*of_file.values())
        tests, total = [], 0.0
        for test in sorted(found & set(self.seconds), key=self.seconds.__getitem__):
            total += self.seconds[test]
            if total > budget and tests:
                break
            tests.append(test)
        return tests


def measure(tree: Tree, folder: Path) -> None:
    """Run the tests in the tree, and leave in `folder` what they ran."""
    configuration = folder / "coverage.ini"
    configuration.write_text(CONFIGURATION)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-n0"]
    command += ["-m", "not long", "--reuse-db", "--create-db", "tests"]
    command += ["--cov", f"--cov-config={configuration}", "--cov-context=test"]
    command += ["--cov-report=", f"--junitxml={folder / 'tests.xml'}"]
    here = {"COVERAGE_FILE": str(folder / "coverage"), "PYTHONPATH": ""}
    subprocess.run(command, cwd=tree.folder, env=os.environ | here, check=False)


def load(tree: Tree, folder: Path) -> Chosen:
    """Return what `measure` has left in `folder`."""
    data = CoverageData(str(folder / "coverage"))
    data.read()
    lines: dict[str, dict[int, set[str]]] = {}
    for name in data.measured_files():
        by_line: dict[int, set[str]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(name).items():
            by_line[line] = {each.rpartition("|")[0] for each in contexts if each}
        lines[str(Path(name).relative_to(tree.folder))] = dict(by_line)
    return Chosen(lines, _seconds(folder / "tests.xml"))


def _seconds(report: Path) -> dict[str, float]:
    """Return the seconds of each test that passed, in a JUnit report."""
    seconds = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name, took = case.get("name"), float(case.get("time", 0))
        if not len(case) and took < SLOWEST:
            # "tests.test_loans.TestReturn" is that class in tests/test_loans.py.
            folder, module, *within = case.get("classname", "").split(".")
            seconds["::".join([f"{folder}/{module}.py", *within, name])] = took
    return seconds
