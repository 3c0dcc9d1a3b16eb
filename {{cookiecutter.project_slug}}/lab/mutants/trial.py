"""One trial: the chosen tests on the tree with a mistake, in a forked process.

Django is imported before the fork, the project after it.
"""

import importlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

KILLED, SURVIVED, TIMEOUT, UNTESTED = "killed", "survived", "timeout", "untested"
SLOW_IMPORTS = (
    *("django.core.management", "django.core.handlers.wsgi", "django.db.models"),
    *("django.test.client", "psycopg", "redis", "jwt", "xml.etree.ElementTree"),
)
NO_TESTS = 5
OPTIONS = ("-x", "-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider")
OPTIONS += ("--reuse-db",)


class Outcome(NamedTuple):
    """What came of a trial, the test that noticed, and the seconds that it took."""

    result: str
    test: str = ""
    seconds: float = 0.0


class Chooser:
    """A plugin of pytest: runs these tests, in this order, until one fails."""

    def __init__(self, tests: list[str], note: Path) -> None:
        self.place, self.note = {test: n for n, test in enumerate(tests)}, note

    def pytest_collection_modifyitems(self, items: list) -> None:
        """Leave the other tests out."""
        items[:] = [item for item in items if item.nodeid in self.place]
        items.sort(key=lambda item: self.place[item.nodeid])

    def pytest_runtest_logreport(self, report) -> None:
        """Note the test that failed."""
        if report.failed:
            self.note.write_text(report.nodeid)


def prepare() -> None:
    """Import what each trial would import."""
    for name in SLOW_IMPORTS:
        importlib.import_module(name)


def run(
    folder: Path, tests: list[str], timeout: float, options: Sequence[str] = OPTIONS
) -> Outcome:
    """Run the tests in `folder` with pytest's options.

    They fail if they take longer than `timeout` seconds.
    """
    if not tests:
        return Outcome(UNTESTED)
    note = folder / "failed.txt"
    note.unlink(missing_ok=True)
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _run_in_child(folder, tests, note, options)
    code = _wait(child, started + timeout)
    took = round(time.monotonic() - started, 1)
    if code is None:
        return Outcome(TIMEOUT, "", took)
    if code in (0, NO_TESTS):
        return Outcome(SURVIVED if code == 0 else UNTESTED, "", took)
    test = note.read_text() if note.exists() else "it can't be imported"
    return Outcome(KILLED, test, took)


def _run_in_child(
    folder: Path, tests: list[str], note: Path, options: Sequence[str]
) -> None:
    code = 1
    try:
        os.setsid()
        output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        _move_to(folder)
        pytest = importlib.import_module("pytest")
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        code = int(pytest.main([*options, *files], plugins=[Chooser(tests, note)]))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _move_to(folder: Path) -> None:
    here = Path.cwd()
    others = [each for each in sys.path if Path(each or ".").resolve() != here]
    sys.path[:] = [str(folder), *others]
    os.chdir(folder)


def _wait(child: int, deadline: float) -> int | None:
    """Return the child's exit code; None if it had to be killed."""
    code, pause = None, 0.01
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            break
        time.sleep(pause)
        pause = min(2 * pause, 0.2)
    # With the servers that it started.
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if code is None:
        os.waitpid(child, 0)
    return code
