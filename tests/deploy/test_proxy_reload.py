"""Reloading the proxy, as every deploy does, breaks no connection."""

import collections
import http.client
import re
import secrets
import threading

import pytest

from tests.deploy.conftest import docker

RELOADS, CLIENTS = 15, 30
CADDYFILE = ":80 {{\n\trespond answer-{}\n}}\n"
RELOAD = ("caddy", "reload", "--config", "/etc/caddy/Caddyfile")


@pytest.fixture
def proxy(base_images, rendered, tmp_path):
    """A Caddy with the server's kernel settings; gives its name and its port."""
    compose = rendered.read("scripts/docker-compose.yml")
    name, value = re.search(r"sysctls: \{(\S+): (\S+)\}", compose).groups()
    (tmp_path / "Caddyfile").write_text(CADDYFILE.format(0))
    container = f"test-proxy-{secrets.token_hex(4)}"
    docker(
        *("run", "--detach", "--rm", "--name", container),
        *("--sysctl", f"{name}={value}", "--publish", "127.0.0.1::80"),
        *("--volume", f"{tmp_path}:/etc/caddy", "caddy:2"),
    )
    yield container, int(docker("port", container, "80").rpartition(":")[2])
    docker("rm", "--force", container)


class Clients:
    """Ask again and again, each time on a new connection, from many threads."""

    def __init__(self, port):
        self.port = port
        self.seen = collections.Counter()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _ask(self):
        while not self.stopping.wait(0.02):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port)
                connection.request("GET", "/")
                self.seen[connection.getresponse().status] += 1
                connection.close()
            except (OSError, http.client.HTTPException) as error:
                self.seen[type(error).__name__] += 1


def serves(port):
    with Clients(port) as clients:
        clients.stopping.wait(0.2)
    return clients.seen[200] > 0


def test_no_waiting_connection_is_reset(proxy, tmp_path):
    container, port = proxy
    assert any(serves(port) for _ in range(500)), "it did not start"
    with Clients(port) as clients:
        for number in range(1, RELOADS + 1):
            (tmp_path / "Caddyfile").write_text(CADDYFILE.format(number))
            docker("exec", container, *RELOAD, "--adapter", "caddyfile")
    assert clients.seen.keys() == {200}, clients.seen
    assert clients.seen[200] > CLIENTS
