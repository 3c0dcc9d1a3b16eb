"""The containers: hosts of the API behind a balancer, one PostgreSQL, one Redis.

The balancer stands for AWS's load balancer. It asks for health as often as that one,
and is told of other hosts as that one is: new requests go to them, and those in flight
end where they are. The hosts stand for its containers on Fargate, and the Fleet for
ECS, which replaces them.
"""

import itertools
import re
import secrets
import string
import subprocess
import time

from lab.rehearsal import PROJECT
from lab.rehearsal.docker import LABEL, RehearsalError, docker
from tools.polling import wait_until
from tools.ports import free_port

HOSTS = 2
# Seconds. The load balancer's own 30 are longer than any request here.
DRAIN = 3
HEALTH = "/api/v1/common/health-check"
# Each place is a file with a host's name, read for each request and each health check:
# a reload would drop connections whose request it has not read yet.
PLACES = [f"/etc/caddy/host-{number}" for number in range(HOSTS)]
# Not round_robin: of two requests at the same moment it may offer one only the host
# that is down, and that one gets a 503 (7 of 25,600; with least_conn none).
BALANCER = string.Template("""\
:80 {
	reverse_proxy $hosts {
		lb_policy least_conn
		health_uri $health
		health_interval ${interval}s
		health_timeout ${timeout}s
		health_fails $unhealthy_threshold
		health_passes $healthy_threshold
		# Shorter than the hosts' own (KEEP_ALIVE_SECONDS).
		transport http {
			keepalive 60s
		}
		header_down X-Worker {http.reverse_proxy.upstream.hostport}
	}
}
""")
BALANCE = 'echo "$CADDYFILE" | caddy run --config - --adapter caddyfile'
# Written beside and moved over, so that no request meets half a name.
POINT_TO = 'printf %s "$2" >"$1.new" && mv "$1.new" "$1"'
# Its logger has a line for each check that failed.
CHECKER = "health_checker.active"
ERROR = re.compile(r"ERROR|CRITICAL|WARNING|[A-Za-z]+Error: |[A-Za-z]+Timeout")
MIGRATE = (
    "python -m config.database_roles && python -m config.wait_for_database && "
    "exec python manage.py migrate --noinput"
)


class Unhealthy(RehearsalError):
    """New hosts did not become healthy; the old ones serve on."""


def numbers_of(name):
    """Return {argument: number}, as text, of a file of terraform/scale-out."""
    text = (PROJECT / "terraform/scale-out" / name).read_text()
    return dict(re.findall(r"^ *(\w+) *= \"?(\d+)\"?$", text, re.MULTILINE))


def caddyfile():
    """Return the balancer's configuration, with AWS's load balancer's health check."""
    numbers = numbers_of("load_balancer.tf")
    hosts = " ".join(f"{{file.{place}}}:8000" for place in PLACES)
    return BALANCER.substitute(numbers, hosts=hosts, health=HEALTH)


class Fleet:
    """The hosts and what they need. `hosts` are the names of those with readers."""

    def __init__(self, run_id):
        self.name = self.repository = f"library-hosts-{run_id}"
        self.label = f"{LABEL}={run_id}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.hosts, self._numbers = [], itertools.count(1)
        # What hosts that are gone had logged.
        self.complaints = []
        self._password = secrets.token_hex(16)
        self._settings = self._made_settings()

    def _made_settings(self):
        database = f"{self._password}@db:5432/library"
        service = numbers_of("service.tf")
        return {
            "SECRET_KEY": secrets.token_hex(32),
            "JWT_SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": f"postgres://api:{database}",
            "REDIS_URL": "redis://redis:6379/0",
            "ALLOWED_HOSTS": "*",
            "NUM_PROXIES": "1",
            "KEEP_ALIVE_SECONDS": "75",
            "WEB_CONCURRENCY": service["WEB_CONCURRENCY"],
            "WEB_THREADS": service["threads"],
            "MIGRATION_STATEMENT_TIMEOUT": service["MIGRATION_STATEMENT_TIMEOUT"],
            "TMPDIR": "/dev/shm",
            # One librarian borrows, and sends all of the load.
            "LOANS_PER_READER": "1000000",
        }

    def push(self, tag):
        """Do nothing: the hosts are on this machine, and so are the images."""

    def start(self):
        """Start all but the hosts."""
        docker("network", "create", "--label", self.label, self.name)
        account = {"POSTGRES_USER": "library", "POSTGRES_PASSWORD": self._password}
        most = numbers_of("database.tf")["database_connections"]
        serve = ("postgres", "-c", f"max_connections={most}")
        self._run("db", "postgres:17", *serve, env=account)
        self._run("redis", "redis:8", "--save", "")
        published = ("--publish", f"127.0.0.1:{self.port}:80")
        balance = ("caddy:2", "sh", "-c", BALANCE)
        known = {"CADDYFILE": caddyfile()}
        self._run("balancer", *balance, options=published, env=known)
        # Over TCP: while the image makes a new database, only its socket answers.
        ready = ("pg_isready", "--host=127.0.0.1", "--username=library")
        wait_until(lambda: self._succeeds("db", *ready), "PostgreSQL")

    def _run(self, role, image, *command, options=(), env=()):
        name = f"{self.name}-{role}"
        pairs = [f"--env={key}={value}" for key, value in dict(env).items()]
        place = ("--network", self.name, "--network-alias", role)
        docker(
            *("run", "--detach", "--name", name, "--label", self.label),
            *(*place, *pairs, *options, image, *command),
        )

    def inside(self, role, *command, stdin=None):
        """Run a command in a container; return what it prints."""
        attach = ("--interactive",) if stdin is not None else ()
        return docker("exec", *attach, f"{self.name}-{role}", *command, stdin=stdin)

    def _succeeds(self, role, *command):
        try:
            self.inside(role, *command)
        except RehearsalError:
            return False
        return True

    def migrate(self, tag):
        """Make the database's roles and tables as a release wants them."""
        address = f"{self._password}@db:5432/library"
        own = {
            "DATABASE_URL": f"postgres://migrator:{address}",
            "DATABASE_ADMIN_URL": f"postgres://library:{address}",
            "MIGRATOR_PASSWORD": self._password,
            "API_PASSWORD": self._password,
        }
        pairs = [f"--env={key}={v}" for key, v in (self._settings | own).items()]
        docker(
            *("run", "--rm", "--label", self.label, "--network", self.name, *pairs),
            *(f"{self.repository}:{tag}", "sh", "-c", MIGRATE),
        )

    def roll(self, tag):
        """Replace all hosts as ECS does: new ones beside the old, then only those.

        Raises Unhealthy if the new ones don't become healthy; they are gone then.
        """
        self.migrate(tag)
        old, new = self.hosts, [self._start_host(tag) for _ in range(HOSTS)]
        try:
            for host in new:
                self._wait_until_healthy(host)
        except Unhealthy:
            self._remove(new)
            raise
        self._route(new)
        time.sleep(DRAIN)
        for host in old:
            docker("stop", "--time", "25", f"{self.name}-{host}")
        self._remove(old)

    def _start_host(self, tag):
        host = f"host-{next(self._numbers)}"
        # As on Fargate: 0.5 GB, its own files closed to it, no rights.
        limits = ("--memory=512m", "--read-only", "--cap-drop=ALL")
        image = f"{self.repository}:{tag}"
        self._run(host, image, options=limits, env=self._settings)
        return host

    def _wait_until_healthy(self, host):
        state = ("inspect", "--format", "{{.State.Health.Status}}")

        def decided():
            seen = docker(*state, f"{self.name}-{host}")
            return seen if seen in ("healthy", "unhealthy") else None

        if wait_until(decided, f"{host}'s health") == "unhealthy":
            raise Unhealthy(f"{host} did not become healthy")

    def _route(self, hosts):
        for place, host in zip(PLACES, hosts, strict=True):
            self.inside("balancer", "sh", "-c", POINT_TO, "sh", place, host)
        self.hosts = hosts

    def _remove(self, hosts):
        for host in hosts:
            self._keep_complaints(host)
            docker("rm", "--force", "--volumes", f"{self.name}-{host}")

    def _logged(self, role):
        logs = ("docker", "logs", f"{self.name}-{role}")
        said = subprocess.run(logs, capture_output=True, text=True, check=False)
        return (said.stdout + said.stderr).splitlines()

    def _keep_complaints(self, host):
        found = [each for each in self._logged(host) if ERROR.search(each)]
        self.complaints += [f"{host}: {each}" for each in found]

    def last_complaints(self, count=8):
        """Return what the hosts logged last as a warning or an error, gone or not."""
        gone = len(self.complaints)
        for host in self.hosts:
            self._keep_complaints(host)
        found, self.complaints = self.complaints, self.complaints[:gone]
        return found[-count:]

    def kill(self):
        """End a host from one moment to the next; wait until the balancer knows."""
        killed, *self.hosts = self.hosts
        before = self._failed_checks(killed)
        docker("kill", f"{self.name}-{killed}")
        # Not seen by good answers alone: while a connection to the host that is gone
        # is being tried, least_conn sends all others to the one that is left.
        enough = before + int(numbers_of("load_balancer.tf")["unhealthy_threshold"])
        wait_until(
            lambda: self._failed_checks(killed) >= enough, "the balancer to notice"
        )

    def _failed_checks(self, host):
        checks = [each for each in self._logged("balancer") if CHECKER in each]
        return sum(f'"{host}:8000"' in each for each in checks)

    def manage(self, *arguments, **environment):
        """Run a manage.py command on a host; return what it prints."""
        pairs = [f"--env={key}={value}" for key, value in environment.items()]
        host = f"{self.name}-{self.hosts[-1]}"
        return docker("exec", *pairs, host, "python", "manage.py", *arguments)

    def sql(self, query):
        """Return the rows of a query on the database, as lines."""
        psql = ("psql", "--username=library", "--tuples-only", "--no-align")
        return self.inside("db", *psql, f"--command={query}").splitlines()
