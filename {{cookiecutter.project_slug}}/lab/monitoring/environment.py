"""The servers of a run: all real, all on this machine, all thrown away."""

import contextlib
import http.server
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from lab.monitoring.host import Host, running_host
from lab.monitoring.prometheus import (
    Prometheus,
    program,
    running,
    serving,
    shipped_jobs,
)
from tests import live, servers
from tools.ports import free_port

LIBRARIAN = {"email": "librarian@example.com", "password": "Only-for-this-run-42"}
# Locks are waited for: a run holds them to make readers wait. Redis may be late.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.patient",
    "DATABASE_LOCK_TIMEOUT": "60",
    "DATABASE_STATEMENT_TIMEOUT": "60",
    "THROTTLE_LOGIN": "1000/min",
    "WEB_CONCURRENCY": "2",
}
# A site whose certificate ends so soon that somebody has to look.
DAYS = "5"


@dataclass
class Environment:
    """What a run works with. `api` and `site` are stopped by their `close()`."""

    address: str
    database: "Database"
    redis: servers.OwnRedis
    host: Host
    prometheus: Prometheus
    api: contextlib.ExitStack
    site: contextlib.ExitStack


class Database:
    """The API's database, which can be taken away."""

    def __init__(self, server: str, url: str) -> None:
        self.server, self.url = server, url
        self.name = urlsplit(url).path[1:]

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody connect in this block; who is connected is thrown out."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            switch = f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS"
            connection.execute(f"{switch} false")
            throw_out = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            connection.execute(f"{throw_out} WHERE datname = %s", [self.name])
            try:
                yield
            finally:
                connection.execute(f"{switch} true")

    @contextlib.contextmanager
    def books_locked(self) -> Iterator[None]:
        """Let nobody read the books in this block."""
        with psycopg.connect(self.url) as connection:
            connection.execute("LOCK TABLE books_book IN ACCESS EXCLUSIVE MODE")
            yield


@contextlib.contextmanager
def start(folder: Path) -> Iterator[Environment]:
    """Yield everything, running. Raises Unavailable if a program is missing."""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        redis = enter(servers.own_redis())
        server = enter(servers.own_postgres())
        database = Database(server, enter(servers.new_database(server)))
        env = live.environment(database.url, REDIS_URL=redis.url, **SETTINGS)
        # The faults make it write a lot, and nothing that is new.
        env["GUNICORN_CMD_ARGS"] = f"--capture-output --log-file {folder / 'api.log'}"
        _fill(env)
        api, site = enter(contextlib.ExitStack()), enter(contextlib.ExitStack())
        address, _ = api.enter_context(live.gunicorn(env))
        port, certificate = site.enter_context(_site(folder))
        host = enter(running_host(folder))
        targets = {
            "web:8000": urlsplit(address).netloc,
            "node-exporter:9100": host.address,
            "blackbox-exporter:9115": enter(_blackbox_exporter(folder, certificate)),
        }
        (folder / "sites.yml").write_text(f"- targets: ['https://127.0.0.1:{port}']\n")
        prometheus = enter(running(folder, shipped_jobs(targets)))
        yield Environment(address, database, redis, host, prometheus, api, site)


def _fill(env: dict[str, str]) -> None:
    live.manage("migrate", "--verbosity", "0", env=env)
    live.manage("seed_library", "--books", "20", "--verbosity", "0", env=env)
    live.create_superuser(env=env, **LIBRARIAN)


@contextlib.contextmanager
def _blackbox_exporter(folder: Path, trusted: Path) -> Iterator[str]:
    # As the image has it.
    config = folder / "blackbox.yml"
    config.write_text("modules: {http_2xx: {prober: http}}\n")
    address = f"127.0.0.1:{free_port()}"
    command = [program("prometheus-blackbox-exporter"), f"--config.file={config}"]
    command += [f"--web.listen-address={address}"]
    env = {**os.environ, "SSL_CERT_FILE": str(trusted)}
    url = f"http://{address}/metrics"
    with serving(command, url, folder / "blackbox.log", env=env):
        yield address


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield the port of a site with HTTPS, and its certificate."""
    certificate, key = folder / "site.pem", folder / "site.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    command += ["-days", DAYS, "-subj", "/CN=site", "-out", str(certificate)]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Silent) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], certificate
        server.shutdown()


class _Silent(http.server.BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
