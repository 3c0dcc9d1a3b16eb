"""The server under an enemy: honest load, one scene after the other, what they cost."""

import collections
import contextlib
import dataclasses
import ipaddress
import json
import time

from lab.rehearsal.docker import RehearsalError
from lab.rehearsal.enemy import attacks, foreign, watch
from lab.rehearsal.load import Load, acknowledged, summary
from lab.rehearsal.stage import SETTLE, lost_books
from tests import live
from tools.polling import wait_until

UNAVAILABLE = 503
REDIS = "library-redis-1"
RATE = 20  # honest requests a second
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
LOCK = (
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; BEGIN; "
    "LOCK TABLE books_book IN EXCLUSIVE MODE; SELECT pg_sleep({}); COMMIT"
)
FILL = """\
cd /var/lib/library
df --output=source . | grep -q loop || { echo "no loop device: the data has no disk of its own" >&2; exit 1; }
fallocate -l "$(($(df --output=avail --block-size=1 . | tail -n 1) - 1048576))" filled
dd if=/dev/zero of=filled-too bs=4k 2>/dev/null || true"""


def address_of(reader):
    """Return a reader's email address."""
    return f"{reader}@example.com"


@dataclasses.dataclass
class Outcome:
    """The result of one scene; times are seconds since the epoch.

    `got` is what the enemy got: {what: {status code or end: times}}.
    """

    name: str
    began: float
    ended: float
    got: dict
    sent: int  # by honest clients, as all that follows
    rate: float  # requests a second
    slowest: float  # seconds to the last answer's end
    failed: int
    refused: int  # answered with 503, where the scene wants that
    failures: list  # [seconds since the beginning, kind of request, status or error]
    acknowledged: int
    lost: int
    peaks: dict  # {service: bytes of memory}
    kills: dict  # {service: times}
    logged: dict  # {event: lines of the security log}
    problems: list


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
        self._let_the_enemy_into_redis()
        self.memory = watch.MemoryWatch(self.host)
        token = self.tokens["honest"]["access_token"]
        self.load = Load(self.host.url, token, RATE, PATIENCE).start()
        self.judged_until = time.time()
        wait_until(lambda: acknowledged(self.load.answers), "the first book")

    def _let_the_enemy_into_redis(self):
        as_root = ("docker", "exec", "--user", "0", REDIS, "sh", "-c")
        self.host.inside(*as_root, foreign.ENTER)
        self.host.inside("docker", "restart", REDIS)

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
        return live.send(f"{self.api}/books?page_size=1", token=token)["results"][0][
            "book_id"
        ]

    @contextlib.contextmanager
    def table_locked(self, seconds):
        """Hold a lock on the table of books that lets others read it only."""
        psql = (
            "psql",
            "--username=library",
            "--quiet",
            "--command",
            LOCK.format(seconds),
        )
        with self.host.beginning("docker", "exec", "library-db-1", *psql):
            self._wait_for_lock()
            yield

    def _wait_for_lock(self):
        query = "SELECT 1 FROM pg_locks WHERE mode = 'ExclusiveLock' AND relation = 'books_book'::regclass AND granted"
        wait_until(lambda: self.host.sql(query), "the lock", 10)

    @contextlib.contextmanager
    def disk_filled(self):
        """Leave no byte free on the data's disk."""
        try:
            self.host.inside("sh", "-c", FILL)
            yield
        finally:
            self.host.inside("sh", "-c", "rm -f /var/lib/library/filled*")

    def wait_for_refusal(self):
        """Wait until an honest request that was sent from now on is refused."""
        now = time.time()
        wait_until(
            lambda: any(
                each.status == UNAVAILABLE and each.sent > now
                for each in list(self.load.answers)
            ),
            "a request that is answered with 503",
            20,
        )

    @contextlib.contextmanager
    def redis_stopped(self):
        """Stop Redis, and start it again."""
        self.host.inside("docker", "stop", "--time", "2", REDIS)
        try:
            yield
        finally:
            self.host.inside("docker", "start", REDIS)

    def redis(self, command, stdin=b""):
        """Run a shell command in Redis's container; return its output, in bytes."""
        inside = ("docker", "exec", "--interactive", REDIS, "sh", "-c")
        return self.host.inside(*inside, command, stdin=stdin)

    def put_under_every_key(self, value):
        """Put a foreign value under every key in Redis; return the keys."""
        keys = self.redis(foreign.KEYS).splitlines()
        self.redis(foreign.WRITE, foreign.commands(keys, value))
        return keys

    def has_executed(self):
        """Return whether the API ran the command of a foreign value."""
        test = ("test", "-e", foreign.EXECUTED)
        with contextlib.suppress(RehearsalError):
            self.host.inside("docker", "exec", self.web, *test)
            return True
        return False


class Neighbours:
    """Many addresses in the network of the server's containers, to attack from.

    From outside, this machine is one address. A neighbour asks the proxy.
    """

    def __init__(self, host):
        self.host = host
        network = json.loads(
            host.inside(
                *("docker", "inspect", "library-caddy-1"),
                *("--format", "{{json .NetworkSettings.Networks}}"),
            )
        )
        [place, *_] = network.values()
        self.proxy, self.bridge = place["IPAddress"], f"br-{place['NetworkID'][:12]}"
        self.network = ipaddress.ip_network(
            f"{place['Gateway']}/{place['IPPrefixLen']}", strict=False
        )
        self.number = 0

    def new(self):
        """Return an address that nothing was sent from so far."""
        self.number += 1
        address = str(self.network.broadcast_address - self.number)
        self.host.inside("ip", "address", "add", f"{address}/32", "dev", self.bridge)
        return address

    def ask(self, address, path, document, token=""):
        """Post a document from an address; return the status code and the answer."""
        request = self._request(address, path, document, token)
        said = self.host.inside("curl", "--config", "-", stdin=request)
        body, _, status = said.rpartition("\n")
        return status, json.loads(body) if body.startswith("{") else {}

    def ask_together(self, requests):
        """Post [(address, path, document)] at once; return a Counter of the statuses."""
        lines = "next\n".join(self._request(*each) for each in requests)
        lines = "parallel\nparallel-immediate\nparallel-max = 200\n" + lines
        said = self.host.inside("curl", "--config", "-", stdin=lines)
        return collections.Counter(
            line for line in said.splitlines() if line.isdecimal()
        )

    def _request(self, address, path, document, token=""):
        options = {
            "url": f"http://{self.proxy}/api/v1{path}",
            "interface": address,
            "header": "Content-Type: application/json",
            "data": json.dumps(document),
            "write-out": "\\n%{http_code}\\n",
            "max-time": str(3 * PATIENCE),
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
        if token:
            lines.append(f'header = "Authorization: Bearer {token}"')
        return "\n".join(["silent", *lines]) + "\n"


def is_refusal(answer, kinds):
    """Return whether an honest request of one of the kinds was answered with 503."""
    return answer.kind in kinds and answer.status == UNAVAILABLE


def problems(scene, seen):
    """Return a line for each thing that is not as the scene demands."""
    found = [
        line
        for what, expected in scene.expected.items()
        if (line := difference(what, seen.got.get(what, {}), expected))
    ]
    found += [
        f"the log tells of no {each}"
        for each in scene.logged
        if not seen.logged.get(each)
    ]
    if seen.failed:
        found.append(f"{seen.failed} failed honest requests: {seen.failures[:5]}")
    if seen.lost:
        found.append(f"{seen.lost} lost rows")
    if seen.kills:
        found.append(f"killed: {seen.kills}")
    if scene.refused and not seen.refused:
        found.append("no honest request was refused: did the attack do any harm?")
    if not seen.acknowledged:
        found.append("nothing was written: there was no load to speak of")
    return found


def difference(what, got, expected):
    """Return a line if the counts are not as expected; None if they are.

    `expected` is {outcome: the numbers that it may have}; any other may not occur.
    """
    wrong = [
        outcome
        for outcome in sorted(got.keys() | expected.keys())
        if got.get(outcome, 0) not in expected.get(outcome, {0})
    ]
    if not wrong:
        return None
    return f"{what}: {got or 'nothing'}; wrong: {', '.join(wrong)}"
