"""Switching the proxy to the other colour, as each deploy does, loses no request."""

import collections
import http.client
import re
import secrets
import threading

import pytest

from tests.deploy.conftest import docker

SWITCHES, CLIENTS = 30, 30
COLOURS = {"blue": "127.0.0.2", "green": "127.0.0.3"}
# Each stands for a release: it answers with its colour.
API = """\
http://:8000 {{
	bind {address}
	respond {colour}
}}
"""
RELOAD = ("caddy", "reload", "--config", "/etc/caddy/Caddyfile")


@pytest.fixture
def proxy(base_images, rendered, tmp_path):
    """The server's proxy before two colours; gives its name and its port."""
    compose = rendered.read("scripts/docker-compose.yml")
    name, value = re.search(r"sysctls: \{(\S+): (\S+)\}", compose).groups()
    write_configuration(rendered, tmp_path)
    container = f"test-proxy-{secrets.token_hex(4)}"
    hosts = [f"--add-host=web-{name}:{COLOURS[name]}" for name in COLOURS]
    docker(
        *("run", "--detach", "--rm", "--name", container, *hosts),
        *("--sysctl", f"{name}={value}", "--publish", "127.0.0.1::80"),
        *("--volume", f"{tmp_path}:/etc/caddy", "caddy:2"),
    )
    yield container, int(docker("port", container, "80").rpartition(":")[2])
    docker("rm", "--force", container)


def write_configuration(rendered, folder):
    """Write what deploy.sh would for blue."""
    upstream = re.search(
        r"<<CADDY .*?\n(.*?)\nCADDY\n", rendered.read("scripts/deploy.sh"), re.S
    )[1]
    upstream = re.sub(r"\$\(site_of .*?\)", ":80", upstream)
    (folder / "Caddyfile").write_text(rendered.read("scripts/proxy/Caddyfile"))
    (folder / "upstream.caddy").write_text(upstream)
    for colour, address in COLOURS.items():
        api = API.format(address=address, colour=colour)
        (folder / f"{colour}.caddy").write_text(api)
    point_to(folder, "blue")


def point_to(folder, colour):
    (folder / "colour.new").write_text(colour)
    (folder / "colour.new").rename(folder / "colour")


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
                answer = connection.getresponse()
                self.seen[answer.status, answer.read().decode()] += 1
                connection.close()
            except (OSError, http.client.HTTPException) as error:
                self.seen[type(error).__name__] += 1


def serves(port):
    with Clients(port) as clients:
        clients.stopping.wait(0.2)
    return clients.seen[200, "blue"] > 0


def test_no_request_is_lost_and_the_colour_changes_at_once(proxy, tmp_path):
    container, port = proxy
    assert any(serves(port) for _ in range(500)), "it did not start"
    with Clients(port) as clients:
        for number in range(1, SWITCHES + 1):
            docker("exec", container, *RELOAD, "--adapter", "caddyfile")
            point_to(tmp_path, list(COLOURS)[number % 2])
    assert clients.seen.keys() == {(200, "blue"), (200, "green")}, clients.seen
    assert min(clients.seen.values()) > CLIENTS
