"""What happens to the hosts under load, and what must be true afterwards."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab.rehearsal import PROJECT, releases
from lab.rehearsal.hosts.fleet import HEALTH, HOSTS, Fleet, Unhealthy
from lab.rehearsal.load import Load, acknowledged, summary
from lab.rehearsal.stage import LIBRARIAN, SETTLE, lost_books
from tests import live
from tools.polling import wait_until

WARM = 250  # answers
# Seconds of reading and writing before, between and after what happens.
PHASE = 10


@dataclasses.dataclass(frozen=True)
class Scene:
    """A name, what to do, and the release that serves afterwards.

    `must_fail` is why some requests must fail, else the load were one that can't;
    empty if none may. An `under_test` scene is played under the consistency test,
    others under the load.
    """

    name: str
    play: Callable
    release: str
    must_fail: str = ""
    under_test: bool = False


@dataclasses.dataclass
class Outcome:
    """The result of one scene; `began` and `ended` in seconds since the epoch."""

    name: str
    began: float
    ended: float
    sent: int = 0
    failed: int = 0
    slowest: float = 0.0
    releases: dict = dataclasses.field(default_factory=dict)
    acknowledged: int = 0
    lost: int = 0
    reads: int = 0
    stale: int = 0
    servers: list = dataclasses.field(default_factory=list)
    problems: list = dataclasses.field(default_factory=list)


def rolled(stage):
    """Replace both hosts by those of the next release."""
    stage.fleet.roll("v2")


def taken_back(stage):
    """Bring a release that answers every request with 500."""
    try:
        stage.fleet.roll("unhealthy")
    except Unhealthy as reason:
        stage.say(f"    taken back: {reason}")
        return
    stage.complain("a release that answers with 500 was taken for healthy")


def killed(stage):
    """Kill a host, and read on until the balancer asks the other one only."""
    stage.fleet.kill()


def replaced(stage):
    """Go on with one host for a while, then bring two new ones, as ECS does."""
    time.sleep(SETTLE)
    stage.fleet.roll("v2")


def tested(stage):
    """Replace both hosts by another release, then kill one."""
    time.sleep(PHASE)
    stage.fleet.roll("v1")
    time.sleep(PHASE)
    stage.fleet.kill()
    time.sleep(PHASE)


NOT_NOTICED = "the balancer takes its time to notice"
SCENES = [
    Scene("hosts: rolled to the next release", rolled, "v2"),
    Scene("hosts: an unhealthy release", taken_back, "v2"),
    Scene("hosts: one killed", killed, "v2", NOT_NOTICED),
    Scene("hosts: one left, then replaced", replaced, "v2"),
    Scene("hosts: consistency across both", tested, "v1", under_test=True),
]


class HostsStage:
    """A Fleet that serves release v1 at first; `say` prints a line."""

    def __init__(self, fleet: Fleet, folder: Path, say: Callable[[str], None]):
        self.fleet, self.folder, self.say = fleet, folder, say
        self.outcomes: list[Outcome] = []
        self.load: Load | None = None
        self._problems: list[str] = []

    def open(self):
        """Build what is brought, start everything, and make a librarian."""
        for tag in ("v1", "v2"):
            self.say(f"building release {tag}")
            releases.build(self.fleet, tag)
        views = releases.BROKEN_VIEWS
        releases.build_changed(self.fleet, "unhealthy", "config/wsgi.py", views)
        self.say("starting two hosts behind a balancer")
        self.fleet.start()
        self.fleet.roll("v1")
        wait_until(self._release, "the balancer to take the hosts in")
        self.fleet.manage("createsuperuser", "--noinput", **LIBRARIAN)

    def close(self):
        """Stop the load."""
        if self.load:
            self.load.stop()

    def _token(self):
        email = LIBRARIAN["DJANGO_SUPERUSER_EMAIL"]
        password = LIBRARIAN["DJANGO_SUPERUSER_PASSWORD"]
        return live.log_in(f"{self.fleet.url}/api/v1", email, password)

    def complain(self, problem):
        """Note what is not as it must be."""
        self._problems.append(problem)

    def _is_warm(self):
        return sum(bool(each.done) for each in list(self.load.answers)) > WARM

    def play(self, scene):
        """Play a scene; add its Outcome to `outcomes`."""
        self.say(scene.name)
        self._problems = []
        outcome = (self._tested if scene.under_test else self._loaded)(scene)
        release = wait_until(self._release, "an answer")
        if release != scene.release:
            self.complain(f"{release} serves, not {scene.release}")
        if self._problems:
            self._problems += self.fleet.last_complaints()
        outcome.problems = self._problems
        for problem in outcome.problems:
            self.say(f"  PROBLEM: {problem}")
        self.outcomes.append(outcome)

    def _release(self):
        with contextlib.suppress(OSError):
            return live.send(f"{self.fleet.url}{HEALTH}")["release"]

    def _loaded(self, scene):
        if not self.load:
            self.load = Load(self.fleet.url, self._token()).start()
            # Not the first requests of new processes: those of a service that runs.
            wait_until(self._is_warm, "a service that runs")
            self.until = time.time()
        time.sleep(SETTLE)
        scene.play(self)
        time.sleep(SETTLE)
        began, self.until = self.until, time.time()
        answers = self.load.between(began, self.until)
        failures, by_release = summary(answers, began)
        stored = acknowledged(answers)
        lost = lost_books(self.fleet, stored)
        self._judge(scene, failures, stored, lost)
        return Outcome(
            scene.name,
            began,
            self.until,
            sent=len(answers),
            failed=len(failures),
            slowest=max(each.done - each.sent for each in answers),
            releases=by_release,
            acknowledged=len(stored),
            lost=len(lost),
        )

    def _judge(self, scene, failures, stored, lost):
        if failures and not scene.must_fail:
            self.complain(f"{len(failures)} failed requests: {failures[:5]}")
        if scene.must_fail and not failures:
            self.complain("no request failed, though this must cost some")
        if lost or not stored:
            self.complain(f"{len(lost)} of {len(stored)} written books are lost")

    def _tested(self, scene):
        """Play a scene while the consistency test reads and writes."""
        self.close()
        self.load, began = None, time.time()
        report = self.folder / "consistency.json"
        command = [sys.executable, "-m", "lab.consistency", "--report", str(report)]
        process = subprocess.Popen(
            [*command, "--address", f"{self.fleet.url}/api/v1"],
            cwd=PROJECT,
            env=os.environ | {"API_TOKEN": self._token()},
        )
        try:
            scene.play(self)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait()
        found = json.loads(report.read_text())
        # Both of before and both of the next release served hits.
        if code or found["stale"] or len(found["servers"]) < 2 * HOSTS:
            self.complain(f"the consistency test ended with {code}: {report}")
        shown = {name: found[name] for name in ("reads", "stale", "servers")}
        return Outcome(scene.name, began, time.time(), **shown)
