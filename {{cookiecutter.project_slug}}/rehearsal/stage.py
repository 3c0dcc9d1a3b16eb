"""What scenarios act with: deploys over SSH, the load, and the books that were kept."""

import dataclasses
import subprocess
import threading
import time

import httpx

from rehearsal.docker import Refused
from rehearsal.host import wait_until
from rehearsal.load import PUBLISHER, Load, acknowledged, summary
from rehearsal.scenarios import BUSY, EARLIER, UNCHANGED

LIBRARIAN = {
    "DJANGO_SUPERUSER_EMAIL": "librarian@example.com",
    "DJANGO_SUPERUSER_USERNAME": "librarian",
    "DJANGO_SUPERUSER_PASSWORD": "only-for-the-rehearsal-5417",
}
SETTLE = 2  # seconds of load before and after what happens
KILL_DEPLOY = (
    "kill -9 -- -$(ps -o pgid= -p $(cat /var/lib/library/deploy/lock) | tr -d ' ')"
)
DOWN_AND_UP = """\
set -e; . /opt/library/common.sh; load_config; export TAG={tag}
compose down; compose up -d db redis caddy web-{colour}"""


@dataclasses.dataclass
class Outcome:
    """What was seen in one scenario; times are seconds since the epoch."""

    name: str
    began: float
    ended: float
    exit_code: int | None  # None: it came to no end
    sent: int
    failed: int
    failures: list  # [seconds after the beginning, kind of request, what came back]
    releases: dict
    live: str
    release: str
    stable: str
    acknowledged: int
    lost: int
    problems: list


class Stage:
    """The server with release v1 serving, and the load that it is under."""

    def __init__(self, host, say):
        self.host = host
        self.say = say
        self.peak = 0.0
        self._watching = threading.Event()

    def open(self):
        """Deploy v1, make a librarian, and start the load."""
        if code := self.deploy("v1"):
            raise Refused(f"the first deploy ended with exit code {code}")
        self.host.manage("createsuperuser", "--noinput", **LIBRARIAN)
        self.load = Load(self.host.url, self._token()).start()
        threading.Thread(target=self._watch_memory, daemon=True).start()

    def close(self):
        """Stop the load."""
        self._watching.set()
        if hasattr(self, "load"):
            self.load.stop()

    def _token(self):
        login = {
            "email": LIBRARIAN["DJANGO_SUPERUSER_EMAIL"],
            "password": LIBRARIAN["DJANGO_SUPERUSER_PASSWORD"],
        }
        answer = httpx.post(
            self.host.url + "/api/v1/auth/login", json=login, timeout=30
        )
        return answer.raise_for_status().json()["access_token"]

    def _watch_memory(self):
        while not self._watching.wait(3):
            try:
                self.peak = max(self.peak, self.host.memory())
            except (Refused, ValueError, StopIteration):
                continue  # while it restarts there is nothing to measure

    def play(self, scenario):
        """Play one scenario under load; return its Outcome."""
        self.say(scenario.name)
        self.load.token = self._token()
        before = self.host.releases()
        began = time.time()
        time.sleep(SETTLE)
        stuck = []
        try:
            exit_code = scenario.play(self)
        except Refused as error:
            exit_code, stuck = None, [str(error)]
        time.sleep(SETTLE)
        ended = time.time()
        answers = self.load.between(began, ended)
        failures, releases = summary(answers, began)
        stored = acknowledged(answers)
        health = self.host.health() or {}
        outcome = Outcome(
            name=scenario.name,
            began=began,
            ended=ended,
            exit_code=exit_code,
            sent=len(answers),
            failed=len(failures),
            failures=failures,
            releases=releases,
            live=self.host.live() or "",
            release=health.get("release", ""),
            stable=self.host.releases()[-1],
            acknowledged=len(stored),
            lost=len(stored - self._books()),
            problems=[],
        )
        outcome.problems = stuck + problems(scenario, outcome, before)
        for problem in outcome.problems:
            self.say(f"  PROBLEM: {problem}")
        return outcome

    def _books(self):
        table = "SELECT isbn FROM books_book WHERE publisher = '{}'"
        return set(self.host.sql(table.format(PUBLISHER)))

    def run(self, script, *arguments):
        """Run one of our scripts on the server to its end; return its exit code."""
        return self.finish(self._start(script, *arguments))

    def deploy(self, tag):
        return self.run("deploy.sh", tag)

    def start_deploy(self, tag):
        return self._start("deploy.sh", tag)

    def _start(self, script, *arguments):
        process = subprocess.Popen(
            self.host.script(script, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        process.lines = []
        process.reader = threading.Thread(target=self._read, args=(process,))
        process.reader.start()
        return process

    def _read(self, process):
        for line in process.stdout:
            process.lines.append(line.rstrip())
            self.say(f"    {line.rstrip()}")

    def said(self, process):
        """Return what a script has printed so far."""
        return "\n".join(process.lines)

    def finish(self, process):
        """Return the exit code of a script once it has ended."""
        code = process.wait()
        process.reader.join()
        return code

    def kill_and_repeat(self, tag, when):
        """Kill a deploy as soon as it says `when`; return the repeated one's code."""
        process = self.start_deploy(tag)
        wait_until(lambda: when in self.said(process), 180, f"'{when}'")
        self.host.inside("bash", "-c", KILL_DEPLOY)
        self.finish(process)
        self.say("    killed; running it again")
        for _ in range(10):
            if (code := self.deploy(tag)) != BUSY:
                return code
            time.sleep(1)
        return BUSY

    def down_and_up(self, tag):
        """Stop everything, start everything; return the exit code."""
        script = DOWN_AND_UP.format(tag=tag, colour=self.host.live())
        result = self.host.ssh("sudo bash -s", stdin=script.encode())
        if result.returncode:
            raise Refused(f"down && up: {result.stderr.decode().splitlines()[-1]}")
        wait_until(self.host.health, 180, "an answer after down && up")
        return result.returncode


def meant(tag, before):
    """Return the tag that a scenario means; `before` are the stable ones until then."""
    earlier = [each for each in before if each != before[-1]]
    return {UNCHANGED: before[-1], EARLIER: (earlier or before)[-1]}.get(tag, tag)


def problems(scenario, seen, before):
    """Return a line for everything that is not as the scenario demands."""
    demands = {
        "exit code": (seen.exit_code, scenario.exit_code),
        "live release": (seen.release, meant(scenario.release, before)),
        "stable": (seen.stable, meant(scenario.stable, before)),
        "lost rows": (seen.lost, 0),
    }
    found = [
        f"{what} is {is_so!r}, not {must_be!r}"
        for what, (is_so, must_be) in demands.items()
        if is_so != must_be
    ]
    if seen.failed and not scenario.may_fail:
        found.append(f"{seen.failed} failed requests: {seen.failures[:5]}")
    if scenario.may_fail and not seen.failed:
        found.append("no request failed, though this must cost some: is there load?")
    if not seen.acknowledged:
        found.append("nothing was written: there was no load to speak of")
    return found
