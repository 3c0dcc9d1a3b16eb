"""`python -m tests [pytest's arguments]`: the tests on SQLite, then on PostgreSQL.

Nothing is left out silently: a missing server is an error with CI set, and said at
the end otherwise.
"""

import os
import subprocess
import sys

from tests import servers

# Some take half a minute: a worker that is done takes from the other.
OPTIONS = ["--numprocesses=auto", "--dist=worksteal"]
# What a few chosen tests cover tells nothing. The limit is for both runs together.
COVERAGE = ["--cov", "--cov-append", "--cov-report=", "--cov-fail-under=0"]
NOTHING_TO_RUN = 5
# JUnit XML and coverage JSON, for programs to read.
REPORTS = os.environ.get("REPORTS", "build/tests")


def run(name, chosen, *more, **environment):
    """Run pytest on the chosen tests, with these variables; return its exit code."""
    print(f"\n=== The tests on {name} ===", flush=True)
    options = [*OPTIONS, f"--junitxml={REPORTS}/{name}.xml", *more]
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


def main(arguments):
    """Run the suite on each database and return the exit code for all."""
    subprocess.run([sys.executable, "-m", "coverage", "erase"], check=True)
    failed = run("SQLite", arguments, DATABASE_URL="")
    left_out = None
    try:
        with servers.postgres() as url:
            again = ["-m", "not once"]
            failed = run("PostgreSQL", arguments, *again, DATABASE_URL=url) or failed
    except servers.Unavailable as reason:
        left_out = f"LEFT OUT, the tests on PostgreSQL: {reason}"
    if not arguments:
        failed = report_coverage() or failed
    if left_out:
        print(left_out, file=sys.stderr)
        failed = failed or bool(os.environ.get("CI"))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
