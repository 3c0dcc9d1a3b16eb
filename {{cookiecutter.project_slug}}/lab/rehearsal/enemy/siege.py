"""The server under an enemy: honest load, one scene after the other, what they cost."""

import time

from lab.rehearsal.docker import RehearsalError
from lab.rehearsal.enemy import attacks, foreign, watch
from lab.rehearsal.enemy.neighbours import Neighbours
from lab.rehearsal.enemy.outcome import UNAVAILABLE, Outcome, is_refusal, problems
from lab.rehearsal.load import Load, acknowledged, summary
from lab.rehearsal.stage import SETTLE, lost_books
from tests import live
from tools.polling import wait_until

RATE = 20  # honest requests a second
FIRST = 1_000_000  # the number of an ISBN; the deploys' load uses lower ones
PATIENCE = 10  # seconds after which an honest reader is gone
RECOVERY = 30  # seconds until the API must be healthy again
PASSWORD = "only-for-the-rehearsal-7152"
LIBRARIAN = {
    "DJANGO_SUPERUSER_EMAIL": "honest@example.com",
    "DJANGO_SUPERUSER_USERNAME": "honest",
    "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
}
# Readers whose accounts are attacked: each by one scene, for attempts are counted.
READERS = ("guessed", "crowded", "robbed", "poisoned", "cut-off", "borrower")


def address_of(reader):
    """Return a reader's email address."""
    return f"{reader}@example.com"


class Siege:
    """The server of a Stage, with release v1 and the limits of a new installation."""

    def __init__(self, stage, settings):
        self.stage, self.host, self.say = stage, stage.host, stage.say
        self.settings = settings
        self.outcomes = []
        self.api = f"{self.host.url}/api/v1"

    def open(self):
        """Deploy v1, make the accounts, start the load. Raises RehearsalError."""
        self.host.configure(self.settings)
        if code := self.stage.deploy("v1"):
            raise RehearsalError(f"the deploy before the siege ended with {code}")
        self.host.manage("createsuperuser", "--noinput", **LIBRARIAN)
        self.tokens = {"honest": self._log_in("honest")}
        for name in READERS:
            document = {"email": address_of(name), "username": name}
            live.send(f"{self.api}/users", document | {"password": PASSWORD})
        self.tokens |= {name: self._log_in(name) for name in ("robbed", "borrower")}
        self.neighbours = Neighbours(self.host)
        self.web = self.host.live_name()
        self.logs = (self.web, "library-caddy-1")
        foreign.let_in(self.host)
        self.memory = watch.MemoryWatch(self.host)
        token = self.tokens["honest"]["access_token"]
        self.load = Load(self.host.url, token, RATE, PATIENCE, FIRST).start()
        self.judged_until = time.time()
        wait_until(lambda: acknowledged(self.load.answers), "the first book")

    def close(self):
        """Stop the load."""
        if hasattr(self, "load"):
            self.load.stop()
            self.memory.stop()

    def _log_in(self, name):
        document = {"email": address_of(name), "password": PASSWORD}
        return live.send(f"{self.api}/auth/login", document)

    def play(self, scene):
        """Play one scene under load; add its Outcome to `outcomes`."""
        self.say(scene.name)
        time.sleep(SETTLE)
        got, stuck = {}, []
        try:
            got = scene.play(self)
        except (RehearsalError, TimeoutError) as error:
            stuck.append(f"it could not be played: {error}")
        try:
            wait_until(self.host.health, "health after the attack", RECOVERY)
        except TimeoutError as error:
            stuck.append(str(error))
        time.sleep(SETTLE)
        outcome = self._outcome(scene, got)
        outcome.problems = stuck + problems(scene, outcome)
        for problem in outcome.problems:
            self.say(f"  PROBLEM: {problem}")
        self.outcomes.append(outcome)

    def _outcome(self, scene, got):
        began, ended = self.judged_until, time.time()
        self.judged_until = ended
        answers = self.load.between(began, ended)
        refused = [each for each in answers if is_refusal(each, scene.refused)]
        failures, _ = summary([each for each in answers if each not in refused], began)
        stored = acknowledged(answers)
        return Outcome(
            name=scene.name,
            began=began,
            ended=ended,
            got={what: dict(counts) for what, counts in got.items()},
            sent=len(answers),
            rate=len(answers) / (ended - began),
            slowest=max((each.done - each.sent for each in answers), default=0),
            failed=len(failures),
            refused=len(refused),
            failures=failures,
            acknowledged=len(stored),
            lost=len(lost_books(self.host, stored)),
            peaks=self.memory.peaks(began, ended),
            kills=watch.kills(self.host, began, ended),
            logged=watch.security_lines(self.host, self.logs, began, ended),
            problems=[],
        )

    # What the scenes use.

    def attack(self, attack, *arguments):
        """Run an attack on the server's public port; return what it counted."""
        return attacks.in_own_process(attack, self.host.url, *arguments)

    def book(self):
        """Return the id of a book."""
        token = self.tokens["honest"]["access_token"]
        page = live.send(f"{self.api}/books?page_size=1", token=token)
        return page["results"][0]["book_id"]

    def wait_for_refusal(self):
        """Wait until an honest request that is sent from now on is refused."""
        now = time.time()

        def refused():
            later = [each for each in list(self.load.answers) if each.sent > now]
            return any(each.status == UNAVAILABLE for each in later)

        wait_until(refused, "an answer with 503", 40)
