"""`python -m tests [pytest's arguments]`: the tests on SQLite, then on PostgreSQL.

Nothing is left out silently: a missing server is an error with CI set, and said at
the end otherwise.
"""

import os
import subprocess
import sys

from tests import servers

OPTIONS = ["--cov", "--cov-append", "--cov-report=", "--numprocesses=auto"]


def run(name, arguments, **environment):
    """Run pytest with these variables set; return its exit code."""
    print(f"\n=== The tests on {name} ===", flush=True)
    command = [sys.executable, "-m", "pytest", *OPTIONS, *arguments]
    variables = {**os.environ, **environment}
    return subprocess.run(command, env=variables, check=False).returncode


def report_coverage():
    """Print what the two runs covered together; return 1 below the limit."""
    command = [sys.executable, "-m", "coverage", "report"]
    return subprocess.run(command, check=False).returncode


def main(arguments):
    """Run the suite on each database and return the exit code for all."""
    subprocess.run([sys.executable, "-m", "coverage", "erase"], check=True)
    failed = run("SQLite", arguments, DATABASE_URL="")
    left_out = None
    try:
        with servers.postgres() as url:
            again = ["-m", "not once", *arguments]
            failed = run("PostgreSQL", again, DATABASE_URL=url) or failed
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
