"""The servers of the test: PostgreSQL, Redis behind a proxy, gunicorn."""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import redis

from lab.consistency.history import History
from lab.harness.clients import Connection
from tests import live, servers

LIBRARIAN = {
    "email": "librarian@example.com",
    "password": "only for the consistency test",
}
WORKERS, THREADS = 2, 8
# A connection is kept while its reader waits for a turn.
OPTIONS = "--keep-alive 60 --capture-output"


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

    def send(self, command):
        """Send a command (see proxy.py) and wait until it is carried out."""
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def close(self):
        """End the process."""
        with self.process:
            self.process.terminate()


class Redis:
    """A Redis server of the test's own, which it may stop."""

    def __init__(self, proxy):
        self.proxy, self.stack = proxy, contextlib.ExitStack()
        self.start()

    def start(self):
        """Start an empty server, and connect the proxy to it."""
        eviction = ["--maxmemory-policy", "allkeys-lru"]
        self.server = self.stack.enter_context(servers.own_redis(*eviction))
        self.client = self.stack.enter_context(redis.Redis.from_url(self.server.url))
        self.proxy.send(f"to {urlsplit(self.server.url).port}")

    def close(self):
        """Stop the server; its data is lost."""
        self.stack.close()


class Environment:
    """All servers but the API, and the folder that they write to."""

    def __init__(self, database_url, folder, proxy, store):
        self.database_url, self.folder = database_url, folder
        self.proxy, self.redis = proxy, store
        self.history_path, self.log_path = folder / "history", folder / "log"
        self.history_path.touch()
        self.log_path.touch()
        self._history = History(self.history_path)
        self.token = ""

    def history(self):
        """Return the History that the worker processes recorded so far."""
        return self._history.read()

    @contextlib.contextmanager
    def serve(self, **variables):
        """Serve the API with these variables; yield its address."""
        env = self._variables(variables)
        with live.gunicorn(env, "lab.consistency.wsgi") as (address, _):
            yield address

    def kills(self):
        """Return how many worker processes were killed so far."""
        return self.log_path.read_text(errors="replace").count("was sent SIGKILL")

    def librarian(self, address):
        """Return a Connection of a librarian."""
        self.token = self.token or live.log_in(address, **LIBRARIAN)
        return Connection(address, self.token)

    def without_redis(self):
        """Return the variables of a management command."""
        return live.environment(self.database_url, REDIS_URL="")

    def _variables(self, more):
        metrics = tempfile.mkdtemp(prefix="metrics-", dir=self.folder)
        given = {
            "DJANGO_SETTINGS_MODULE": "lab.consistency.settings",
            "REDIS_URL": f"redis://127.0.0.1:{self.proxy.port}/0",
            # No entry of an earlier API is read.
            "CACHE_PREFIX": f"test-{uuid4().hex[:8]}",
            "WEB_CONCURRENCY": str(WORKERS),
            "WEB_THREADS": str(THREADS),
            "PROMETHEUS_MULTIPROC_DIR": metrics,
            "GUNICORN_CMD_ARGS": f"{OPTIONS} --error-logfile {self.log_path}",
            # One librarian borrows for the whole test.
            "LOANS_PER_READER": "1000000",
            "CONSISTENCY_HISTORY": str(self.history_path),
        }
        return live.environment(self.database_url, **given | more)


@contextlib.contextmanager
def new_environment():
    """Yield an Environment with a migrated database and a librarian in it.

    Raises servers.Unavailable if this machine has no PostgreSQL or no Redis.
    """
    with contextlib.ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        proxy = stack.enter_context(contextlib.closing(Proxy()))
        store = stack.enter_context(contextlib.closing(Redis(proxy)))
        server = stack.enter_context(servers.postgres())
        database_url = stack.enter_context(servers.new_database(server))
        made = Environment(database_url, folder, proxy, store)
        live.manage("migrate", env=made.without_redis())
        live.create_superuser(env=made.without_redis(), **LIBRARIAN)
        yield made
