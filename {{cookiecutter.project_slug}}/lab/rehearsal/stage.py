"""Where scenarios are played: a server under load, and deploys over SSH."""

import concurrent.futures
import contextlib
import dataclasses
import subprocess
import threading
import time

from lab.rehearsal.docker import RehearsalError
from lab.rehearsal.load import PUBLISHER, Load, acknowledged, summary
from lab.rehearsal.scenarios import BUSY, EARLIER, UNCHANGED
from tests import live
from tools.polling import wait_until

LIBRARIAN = {
    "DJANGO_SUPERUSER_EMAIL": "librarian@example.com",
    "DJANGO_SUPERUSER_USERNAME": "librarian",
    "DJANGO_SUPERUSER_PASSWORD": "only-for-the-rehearsal-5417",
}
# A t3.micro without CPU credits has a tenth of each of its two processors.
SMALL_CPUS, SMALL_RATE = 0.2, 4  # processors, requests a second
SETTLE = 2  # seconds of load before and after what happens
KILL_DEPLOY = (
    "kill -9 -- -$(ps -o pgid= -p $(cat /var/lib/library/deploy/lock) | tr -d ' ')"
)
DOWN_AND_UP = """\
set -e; . /opt/library/common.sh; load_config; export TAG={tag}
compose down; compose up -d db redis caddy web-{colour}"""


@dataclasses.dataclass
class Outcome:
    """The result of one scenario; times are seconds since the epoch.

    It begins where the previous scenario ended, so that every request is counted.
    """

    name: str
    began: float
    ended: float
    exit_code: int | None  # None: it did not end
    sent: int
    rate: float  # requests a second
    slowest: float  # seconds to the last answer's end
    failed: int
    failures: list  # [seconds since the beginning, kind of request, what it got]
    releases: dict
    live: str
    release: str
    stable: str
    acknowledged: int
    lost: int
    problems: list


@dataclasses.dataclass
class Before:
    """The state before a scenario: Host.live(), and the releases that may come back.

    Those are Host.releases() without the bad ones; the stable one is the last.
    """

    live: str
    releases: list


class Stage:
    """A server that serves release v1 at first, under load; `say` prints a line."""

    def __init__(self, host, say):
        self.host = host
        self.say = say
        self.peak = 0.0
        self.output = []
        self.outcomes = []
        self._watching = threading.Event()

    def open(self):
        """Deploy v1, make a librarian, and start the load. Raises RehearsalError."""
        if code := self.deploy("v1"):
            raise RehearsalError(f"the first deploy ended with exit code {code}")
        self.host.manage("createsuperuser", "--noinput", **LIBRARIAN)
        self.load = Load(self.host.url, self._token()).start()
        self.judged_until = time.time()
        threading.Thread(target=self._watch_memory, daemon=True).start()

    def close(self):
        """Stop the load."""
        self._watching.set()
        if hasattr(self, "load"):
            self.load.stop()

    def log_in(self):
        """Let the load go on with a new login."""
        self.load.token = self._token()

    def _token(self):
        return live.log_in(
            self.host.url + "/api/v1",
            LIBRARIAN["DJANGO_SUPERUSER_EMAIL"],
            LIBRARIAN["DJANGO_SUPERUSER_PASSWORD"],
        )

    @contextlib.contextmanager
    def small_machine(self):
        """Play on with as little processor time as a small machine has in the long run.

        The load is as small: what was sent before is answered first.
        """
        usual, self.load.rate = self.load.rate, SMALL_RATE
        try:
            self.load.between(0, time.time())
            with self.host.slowed(SMALL_CPUS):
                yield
        finally:
            self.load.rate = usual

    def log_in_together(self, times):
        """Log in `times` times at once. Raises RehearsalError if a login fails."""
        with concurrent.futures.ThreadPoolExecutor(times) as pool:
            tries = [pool.submit(self._token) for _ in range(times)]
        errors = [error for each in tries if (error := each.exception())]
        if errors:
            raise RehearsalError(f"{len(errors)} of {times} logins failed: {errors[0]}")

    def _watch_memory(self):
        while not self._watching.wait(3):
            try:
                self.peak = max(self.peak, self.host.memory())
            except (RehearsalError, ValueError, StopIteration):
                continue  # nothing to measure during a restart

    def play(self, scenario):
        """Play one scenario under load; add its Outcome to `outcomes`."""
        self.say(scenario.name)
        self._deploy_first(scenario.after)
        self.output = []
        self.log_in()
        before = Before(self.host.live(), self._good_releases())
        time.sleep(SETTLE)
        stuck = []
        try:
            exit_code = scenario.play(self)
        except (RehearsalError, TimeoutError) as error:
            exit_code, stuck = None, [str(error)]
            # Print it now: the next steps may fail for the same reason.
            self.say(f"  STUCK: {error}")
        time.sleep(SETTLE)
        outcome = self._outcome(scenario, exit_code)
        outcome.problems = stuck + problems(scenario, outcome, before, self.output)
        for problem in outcome.problems:
            self.say(f"  PROBLEM: {problem}")
        if outcome.problems:
            self.say("  what the API logged last:")
            for line in self.host.complaints():
                self.say(f"    {line}")
        self.outcomes.append(outcome)

    def _deploy_first(self, tags):
        if self.host.releases()[-len(tags) :] != list(tags):
            for tag in tags:
                self.deploy(tag)

    def _good_releases(self):
        *earlier, stable = self.host.releases()
        bad = self.host.bad_releases()
        return [each for each in earlier if each not in bad] + [stable]

    def _outcome(self, scenario, exit_code):
        """Return the Outcome since the end of the previous scenario."""
        began, ended = self.judged_until, time.time()
        self.judged_until = ended
        answers = self.load.between(began, ended)
        failures, releases = summary(answers, began)
        stored = acknowledged(answers)
        health = self.host.health() or {}
        return Outcome(
            name=scenario.name,
            began=began,
            ended=ended,
            exit_code=exit_code,
            sent=len(answers),
            rate=len(answers) / (ended - began),
            slowest=max((each.done - each.sent for each in answers), default=0),
            failed=len(failures),
            failures=failures,
            releases=releases,
            live=self.host.live() or "",
            release=health.get("release", ""),
            stable=self.host.releases()[-1],
            acknowledged=len(stored),
            lost=len(lost_books(self.host, stored)),
            problems=[],
        )

    def run(self, script, *arguments):
        """Run a script of /opt/library on the server; return its exit code."""
        return self.finish(self._start(self.host.script(script, *arguments)))

    def deploy(self, tag):
        """Deploy a release; return the exit code of deploy.sh."""
        return self.run("deploy.sh", tag)

    def update(self, *images, options=()):
        """Update the services, of which newer images came; return the exit code.

        Raises RehearsalError if one still runs on its old image.
        """
        for image in images:
            self.host.bring_newer(image)
        code = self.run("library.sh", "update", "--no-pull", *options)
        if old := [image for image in images if self.host.runs_older(image)]:
            raise RehearsalError(f"still old: {', '.join(old)}")
        return code

    def start_deploy(self, tag):
        """Start a deploy without waiting for it; return its process for finish()."""
        return self._start(self.host.script("deploy.sh", tag))

    def _start(self, command):
        process = subprocess.Popen(
            command,
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
            self.output.append(line.rstrip())
            self.say(f"    {line.rstrip()}")

    def said(self, process):
        """Return what a script has printed so far."""
        return "\n".join(process.lines)

    def finish(self, process):
        """Wait for the end of a script; return its exit code."""
        code = process.wait()
        process.reader.join()
        return code

    def kill_and_repeat(self, tag, says, not_yet):
        """Kill a deploy when it prints `says`; repeat it, and return its exit code.

        Raises RehearsalError if the deploy printed `not_yet` before it was killed.
        """
        process = self.start_deploy(tag)
        wait_until(lambda: says in self.said(process), f"'{says}'")
        self.host.inside("bash", "-c", KILL_DEPLOY)
        self.finish(process)
        if not_yet in self.said(process):
            raise RehearsalError(f"the kill came too late: the deploy said '{not_yet}'")
        return self._repeat(tag)

    def restart_engine_and_repeat(self, tag, says):
        """Restart the engine when a deploy prints `says`; deploy again.

        Returns the exit code of the second deploy.
        """
        process = self.start_deploy(tag)
        wait_until(lambda: says in self.said(process), f"'{says}'")
        self.host.restart_engine()
        self.finish(process)
        return self._repeat(tag)

    def kill_before_and_repeat(self, tag, at):
        """Kill a deploy right before a command; repeat it, and return its exit code.

        `at` is the beginning of the command. Raises RehearsalError if the deploy never
        came to it.
        """
        process = self._start(self.host.deploy_with_fault(tag, at, "kill -9 $$"))
        self.finish(process)
        if f"FAULT before: {at}" not in self.said(process):
            raise RehearsalError(f"the deploy was not killed before '{at}'")
        return self._repeat(tag)

    def _repeat(self, tag):
        self.say("    running it again")
        for _ in range(10):
            if (code := self.deploy(tag)) != BUSY:
                return code
            time.sleep(1)
        return BUSY

    def down_and_up(self, tag):
        """Stop everything, start release `tag`; return 0, or raise RehearsalError."""
        script = DOWN_AND_UP.format(tag=tag, colour=self.host.live())
        result = self.host.ssh("sudo bash -s", stdin=script.encode())
        if result.returncode:
            raise RehearsalError(
                f"down && up: {result.stderr.decode().splitlines()[-1]}"
            )
        wait_until(self.host.health, "an answer after down && up")
        return result.returncode


def lost_books(host, stored):
    """Return those of the ISBNs `stored` that the server's database does not have."""
    query = f"SELECT isbn FROM books_book WHERE publisher = '{PUBLISHER}'"
    return stored - set(host.sql(query))


def meant(tag, before):
    """Return a tag as it is, and for UNCHANGED and EARLIER the tag that they stand for.

    `before` are the releases before the scenario, the stable one last.
    """
    earlier = [each for each in before if each != before[-1]]
    return {UNCHANGED: before[-1], EARLIER: (earlier or before)[-1]}.get(tag, tag)


def colour_after(colour, switches):
    """Return the colour that serves after a number of switches; `colour` served before.

    None if neither colour did.
    """
    other = {"blue": "green", "green": "blue"}
    return other.get(colour) if switches % 2 else colour


def problems(scenario, seen, before, output):
    """Return a line for each thing that is not as the scenario demands.

    `seen` is the Outcome, `before` the Before, `output` the scripts' lines.
    """
    demands = {
        "exit code": (seen.exit_code, scenario.exit_code),
        "live colour": (seen.live, colour_after(before.live, scenario.switches or 0)),
        "live release": (seen.release, meant(scenario.release, before.releases)),
        "stable": (seen.stable, meant(scenario.stable, before.releases)),
        "lost rows": (seen.lost, 0),
    }
    if scenario.switches is None:
        del demands["live colour"]
    found = [
        f"{what} is {actual!r}, not {expected!r}"
        for what, (actual, expected) in demands.items()
        if actual != expected
    ]
    said = "\n".join(output)
    found += [f"it never said '{text}'" for text in scenario.says if text not in said]
    if seen.failed and not scenario.may_fail:
        found.append(f"{seen.failed} failed requests: {seen.failures[:5]}")
    if scenario.must_fail and not seen.failed:
        found.append("no request failed, though this must cost some: is there load?")
    if not seen.acknowledged:
        found.append("nothing was written: there was no load to speak of")
    return found
