"""Where the hunt takes place: PostgreSQL, Redis behind a proxy, gunicorn."""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import redis

from lab.consistency.history import Ledger
from lab.harness.clients import Connection
from tests import live, servers

LIBRARIAN = {"email": "librarian@example.com", "password": "only for the hunt"}
WORKERS, THREADS = 2, 8
# Readers that wait for a turn are no idle connections.
PATIENT = "--keep-alive 60 --capture-output"


class Proxy:
    """The proxy between the API and Redis, in a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab.consistency.proxy"],
            cwd=live.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self.process.stdout.readline())

    def tell(self, command):
        """Give a command (see proxy.py) and wait until it is done."""
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def close(self):
        """End the process."""
        with self.process:
            self.process.terminate()


class Redis:
    """A Redis server of our own; nobody else's is ever stopped."""

    def __init__(self, proxy):
        self.proxy, self.stack = proxy, contextlib.ExitStack()
        self.start()

    def start(self):
        """Start an empty server, and have the proxy lead there."""
        eviction = ["--maxmemory-policy", "allkeys-lru"]
        self.server = self.stack.enter_context(servers.own_redis(*eviction))
        self.client = self.stack.enter_context(redis.Redis.from_url(self.server.url))
        self.proxy.tell(f"to {urlsplit(self.server.url).port}")

    def close(self):
        """Stop the server; what it knew is lost."""
        self.stack.close()


class Ground:
    """All servers but the API itself, and the folder of what they write."""

    def __init__(self, database_url, folder, proxy, store):
        self.database_url, self.folder = database_url, folder
        self.proxy, self.redis = proxy, store
        self.ledger_path, self.log_path = folder / "ledger", folder / "log"
        self.ledger_path.touch()
        self.log_path.touch()
        self._ledger = Ledger(self.ledger_path)
        self.token = ""

    def ledger(self):
        """Return all that the worker processes told so far."""
        return self._ledger.read()

    @contextlib.contextmanager
    def serve(self, **variables):
        """Serve the API, watched, with these variables; yield its address."""
        with live.gunicorn(self._environment(variables)) as (address, _):
            yield address

    def kills(self):
        """Return how many worker processes were killed so far."""
        return self.log_path.read_text(errors="replace").count("was sent SIGKILL")

    def librarian(self, address):
        """Return a Connection of a librarian."""
        self.token = self.token or live.log_in(address, **LIBRARIAN)
        return Connection(address, self.token)

    def without_redis(self):
        """Return the environment of a management command."""
        return live.environment(self.database_url, REDIS_URL="")

    def _environment(self, variables):
        metrics = tempfile.mkdtemp(prefix="metrics-", dir=self.folder)
        given = {
            "DJANGO_SETTINGS_MODULE": "lab.consistency.settings",
            "REDIS_URL": f"redis://127.0.0.1:{self.proxy.port}/0",
            # What an earlier API kept is not this one's affair.
            "CACHE_PREFIX": f"hunt-{uuid4().hex[:8]}",
            "WEB_CONCURRENCY": str(WORKERS),
            "WEB_THREADS": str(THREADS),
            "PROMETHEUS_MULTIPROC_DIR": metrics,
            "GUNICORN_CMD_ARGS": f"{PATIENT} --error-logfile {self.log_path}",
            "HUNT_LEDGER": str(self.ledger_path),
        }
        return live.environment(self.database_url, **given | variables)


@contextlib.contextmanager
def ground():
    """Yield a Ground with a migrated database and a librarian in it.

    Raises servers.Unavailable if there is no PostgreSQL or Redis here.
    """
    with contextlib.ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        proxy = stack.enter_context(contextlib.closing(Proxy()))
        store = stack.enter_context(contextlib.closing(Redis(proxy)))
        server = stack.enter_context(servers.postgres())
        database_url = stack.enter_context(servers.new_database(server))
        made = Ground(database_url, folder, proxy, store)
        live.manage("migrate", env=made.without_redis())
        live.create_superuser(env=made.without_redis(), **LIBRARIAN)
        yield made
