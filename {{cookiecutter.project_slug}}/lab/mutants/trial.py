"""Trials: the chosen tests on the tree with a mistake.

pytest collects the tests once and runs one, so that the database and the servers are
there. For each mistake in a function the process forks: the child puts the changed code
into the function, and runs the chosen tests. A mistake outside of functions takes
effect on import, so pytest starts anew for it; and for one that no test noticed in a
fork, because its function may have run on import. The changed file is on the disk in
all cases, for the servers that tests start.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lab.mutants.swap import swap

KILLED, SURVIVED, TIMEOUT, UNTESTED = "killed", "survived", "timeout", "untested"
OPTIONS = ("-x", "-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider")
OPTIONS += ("--reuse-db",)
# If a test that was there can't be found, its file could not be imported.
ALL_PASSED, NO_TESTS = 0, 5


class Outcome(NamedTuple):
    """What came of a trial, the test that noticed, and the seconds that it took."""

    result: str
    test: str = ""
    seconds: float = 0.0


class Forks:
    """A plugin of pytest: calls `body` instead of running the tests."""

    def __init__(
        self,
        folder: Path,
        body: Callable[["Forks"], None],
        options: Sequence[str] = OPTIONS,
    ) -> None:
        self.folder, self.options = folder, options
        self.note, self.body, self.failed = folder / "failed.txt", body, ""

    def pytest_runtestloop(self, session) -> bool:
        """Run one test, then the body."""
        self.session = session
        self.items = {item.nodeid: item for item in session.items}
        self._run(session.items[:1])
        self.body(self)
        return True

    def pytest_runtest_logreport(self, report) -> None:
        """Remember the test that failed."""
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def run(
        self, file: Path, source: bytes, tests: list[str], timeout: float
    ) -> Outcome:
        """Run the tests in a fork in which a file has this source.

        If none fails, run them again in a process that imports the file as it is on
        the disk.
        """
        items = [self.items[test] for test in tests if test in self.items]
        if not items:
            return Outcome(UNTESTED)
        outcome = self._run_in_fork(file, source, items, timeout)
        if outcome.result != SURVIVED:
            return outcome
        return run_anew(self.folder, tests, timeout, self.options)

    def _run_in_fork(
        self, file: Path, source: bytes, items: list, timeout: float
    ) -> Outcome:
        self.note.unlink(missing_ok=True)
        _close_connections()
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            self._run_in_child(file, source, items)
        code = _wait(child, started + timeout)
        return _outcome(code, self.note, time.monotonic() - started)

    def _run_in_child(self, file: Path, source: bytes, items: list) -> None:
        try:
            os.setsid()
            plugins = self.session.config.pluginmanager
            plugins.unregister(plugins.get_plugin("terminalreporter"))
            swap(file, source)
            self._run(items)
        except BaseException as error:
            self.failed = self.failed or repr(error)
        finally:
            if self.failed:
                self.note.write_text(self.failed)
            os._exit(bool(self.failed))

    def _run(self, items: list) -> None:
        for item, following in zip(items, [*items[1:], items[-1]]):
            # What the test before left, in another module.
            self.session._setupstate.teardown_exact(item)
            protocol = item.config.hook.pytest_runtest_protocol
            protocol(item=item, nextitem=following)
            if self.failed:
                return


def run_anew(
    folder: Path, tests: list[str], timeout: float, options: Sequence[str] = OPTIONS
) -> Outcome:
    """Run the tests in `folder`, in a process of their own."""
    if not tests:
        return Outcome(UNTESTED)
    command, started = [sys.executable, "-m", "pytest", *options], time.monotonic()
    # Not on the command line, which may be too short for all.
    chosen = folder / "chosen.txt"
    chosen.write_text("\n".join(tests))
    output = (folder / "output.txt").open("w")
    process = subprocess.Popen(
        [*command, f"@{chosen}"],
        cwd=folder,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    output.close()
    code = _wait(process.pid, started + timeout)
    process.returncode = -1
    return _outcome(code, folder / "nothing", time.monotonic() - started)


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


def _outcome(code: int | None, note: Path, took: float) -> Outcome:
    took = round(took, 1)
    if code is None:
        return Outcome(TIMEOUT, "", took)
    if code == NO_TESTS:
        return Outcome(UNTESTED, "", took)
    if code == ALL_PASSED:
        return Outcome(SURVIVED, "", took)
    return Outcome(KILLED, note.read_text() if note.exists() else "", took)


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
