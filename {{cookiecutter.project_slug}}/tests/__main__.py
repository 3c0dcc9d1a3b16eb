"""`python -m tests [pytest's arguments]`: on SQLite, on PostgreSQL, then the lab's.

Nothing is left out silently: a missing server is an error if CI is set; otherwise it is
reported at the end.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests import left_out, servers

# Some tests take half a minute: an idle worker takes tests from the other.
OPTIONS = ["--numprocesses=auto", "--dist=worksteal"]
# Not measured for a few chosen tests. The limit is for both runs together.
COVERAGE = ["--cov", "--cov-append", "--cov-report=", "--cov-fail-under=0"]
NOTHING_TO_RUN = 5
# JUnit XML and coverage JSON, for programs to read.
REPORTS = os.environ.get("REPORTS", "build/tests")
LAB = Path("lab/tests")


def run(name, chosen, *more, **environment):
    """Run pytest on the chosen tests, with these variables; return its exit code."""
    print(f"\n=== The tests {name} ===", flush=True)
    report = f"{REPORTS}/{name.split()[-1]}.xml"
    options = [*OPTIONS, f"--junitxml={report}", *more]
    options += chosen or COVERAGE
    command = [sys.executable, "-m", "pytest", *options]
    variables = {**os.environ, **environment}
    code = subprocess.run(command, env=variables, check=False).returncode
    # Of a few chosen tests, none may be left for PostgreSQL.
    return 0 if chosen and code == NOTHING_TO_RUN else code


def report_coverage():
    """Print what the two runs covered together; return 1 below the limit."""
    coverage = [sys.executable, "-m", "coverage"]
    kept = [*coverage, "json", "--quiet", "--fail-under=0", "-o"]
    subprocess.run([*kept, f"{REPORTS}/coverage.json"], check=False)
    return subprocess.run([*coverage, "report"], check=False).returncode


def report_left_out(no_postgres):
    """Print how many tests were left out, and what to install for them."""
    reports = Path(REPORTS).glob("*.xml")
    for reason, number in sum(map(left_out.count, reports), Counter()).items():
        print(f"LEFT OUT, {number} tests: {reason}", file=sys.stderr)
    if no_postgres:
        print(f"LEFT OUT, all tests on PostgreSQL: {no_postgres}", file=sys.stderr)
        print("NOT TRIED, row locks: SQLite has none", file=sys.stderr)


def asks_for_the_lab(arguments):
    """Return whether the lab is here, and no file or folder was chosen instead."""
    return LAB.is_dir() and not any(
        Path(each.partition("::")[0]).exists() for each in arguments
    )


def main(arguments):
    """Run the suite on each database, then the lab's; return the exit code for all."""
    subprocess.run([sys.executable, "-m", "coverage", "erase"], check=True)
    for old in Path(REPORTS).glob("*.xml"):
        old.unlink()
    failed = run("on SQLite", arguments, DATABASE_URL="")
    no_postgres = None
    try:
        with servers.postgres() as url:
            again = ["-m", "not once"]
            failed = run("on PostgreSQL", arguments, *again, DATABASE_URL=url) or failed
    except servers.Unavailable as reason:
        no_postgres = reason
        failed = failed or bool(os.environ.get("CI"))
    if asks_for_the_lab(arguments):
        # What needs PostgreSQL there has a server of its own.
        failed = run("of the lab", [*arguments, str(LAB)], DATABASE_URL="") or failed
    if not arguments:
        failed = report_coverage() or failed
    report_left_out(no_postgres)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
