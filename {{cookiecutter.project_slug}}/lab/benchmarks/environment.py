"""The servers: PostgreSQL, Redis, and a gunicorn for each strategy.

Each strategy has a database and a Redis database of its own, with the same content, so
that none sees the writes or the keys of another. All have the same settings.
"""

import contextlib
import itertools
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import redis
from tqdm import tqdm

from config.connection_limit import ROOM
from config.pools import sizes
from lab.benchmarks.client import Connection
from lab.benchmarks.ladder import UNDER
from lab.benchmarks.plan import PLANS
from lab.harness.clients import spread
from tests import live, servers

# Servers beside those of the strategies: the baselines', and each larger library's.
BESIDE = 1 + max(len(plan.books) for plan in PLANS.values())
READER = {"email": "reader@example.com", "password": "only for the benchmarks"}
WORKERS, THREADS, BOOKS = 2, 8, 5000
# A Redis database for each server that may run at the same time.
REDIS = ["--databases", "32", "--loglevel", "warning"]
GUNICORN = {"WEB_CONCURRENCY": str(WORKERS), "WEB_THREADS": str(THREADS)}
# A worker that begins anew would be measured, too.
GUNICORN["MAX_REQUESTS"] = "0"
# Idle connections stay open. Messages of servers that Ctrl-C ends are not shown.
OPTIONS = "--keep-alive 600 --capture-output --error-logfile"


@dataclass(frozen=True)
class Server:
    """The server of one strategy: its port, and its database in Redis."""

    name: str
    port: int
    redis: redis.Redis
    token: str

    def connect(self):
        """Return a new Connection of a reader."""
        return Connection(self.port, self.token)

    def forget(self, *spared):
        """Delete the cached answers: all keys that contain none of `spared`.

        Stamps and what is known about readers stay.
        """
        spared += (b":stamp:", b":changes:", b":fingerprint:")
        keys = self.redis.scan_iter(count=1000)
        old = [key for key in keys if not any(part in key for part in spared)]
        for first in range(0, len(old), 1000):
            self.redis.unlink(*old[first : first + 1000])

    def spread(self, number, stack):
        """Return `number` connections, spread evenly over the workers.

        The ExitStack closes them. Raises RuntimeError if a worker gets none.
        """
        connect = lambda: stack.enter_context(self.connect())
        return spread(connect, number, WORKERS, lambda each: each.usage()[0])


class Environment:
    """Starts databases and servers, and stops all of them at the end."""

    def __init__(self, postgres_url, redis_url, folder, stack):
        self.postgres_url, self.redis_url = postgres_url, redis_url
        self.folder, self.stack = folder, stack
        self.token, self.base, self.numbers = "", "", itertools.count(1)
        self.baseline = None

    def prepare(self):
        """Make the database that all others are copied from."""
        self.base = self.database()
        env = live.environment(self.base, REDIS_URL="")
        live.manage("migrate", env=env)
        live.manage("seed_library", "--books", str(BOOKS), "--verbosity=0", env=env)
        live.create_superuser(env=env, **READER)

    def database(self, template="/template0"):
        """Return the URL of a new copy of a database, which is dropped at the end."""
        name, template = f"bench_{uuid4().hex[:12]}", urlsplit(template).path[1:]
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.stack.callback(self._drop, name)
        return urlsplit(self.postgres_url)._replace(path=f"/{name}").geturl()

    def _drop(self, name):
        # Ctrl-C may have ended PostgreSQL already.
        with contextlib.suppress(psycopg.OperationalError):
            with psycopg.connect(self.postgres_url, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def serve(self, name, database_url="", stack=None):
        """Return the Server of a strategy; it runs until the ExitStack is closed."""
        stack = stack or self.stack
        redis_url = f"{self.redis_url.rpartition('/')[0]}/{next(self.numbers)}"
        variables = {
            "DJANGO_SETTINGS_MODULE": "lab.benchmarks.settings",
            "BENCH_STRATEGY": name,
            "REDIS_URL": redis_url,
            "GUNICORN_CMD_ARGS": f"{OPTIONS} {self.folder / 'log'}",
            "PROMETHEUS_MULTIPROC_DIR": tempfile.mkdtemp(dir=self.folder),
        }
        database_url = database_url or self.database(self.base)
        env = live.environment(database_url, **GUNICORN | variables)
        address, _ = stack.enter_context(live.gunicorn(env, "lab.benchmarks.wsgi"))
        self.token = self.token or live.log_in(address, **READER)
        client = stack.enter_context(redis.Redis.from_url(redis_url))
        return Server(name, urlsplit(address).port, client, self.token)

    def serve_all(self, names):
        """Return {name: Server}, and start the server of the baselines.

        Raises RuntimeError if PostgreSQL has too few connections for all threads.
        """
        check_room(self.postgres_url, len(names) + BESIDE)
        wanted = [UNDER, *names]
        bar = {"desc": "starting".ljust(12), "total": len(wanted), "disable": None}
        with ThreadPoolExecutor(2) as pool:
            made = tqdm(pool.map(self.serve, wanted), leave=False, **bar)
            self.baseline, *servers = made
        return dict(zip(names, servers))


def check_room(postgres_url, number):
    """Raise RuntimeError unless each thread of so many servers finds a connection.

    One that finds none answers 503, but only once all are busy: minutes later.
    """
    needed = number * WORKERS * sum(sizes(THREADS).values())
    with psycopg.connect(postgres_url) as connection:
        (room,) = connection.execute(ROOM).fetchone()
    if needed > room:
        raise RuntimeError(
            f"{number} servers may need {needed} connections to PostgreSQL, and it "
            f"takes {room}; accepted: max_connections of {needed} and more, or no "
            "DATABASE_URL"
        )


@contextlib.contextmanager
def new_environment():
    """Yield an Environment. Raises servers.Unavailable without PostgreSQL or Redis."""
    with contextlib.ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        # A Redis of its own, because it is flushed.
        redis_url = stack.enter_context(servers.own_redis(*REDIS)).url
        postgres_url = stack.enter_context(servers.postgres())
        made = Environment(postgres_url, redis_url, folder, stack)
        made.prepare()
        yield made
