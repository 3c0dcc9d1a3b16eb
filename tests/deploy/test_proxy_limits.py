"""The server's own Caddyfile in front of a real API: slow, large and odd requests."""

import contextlib
import json
import os
import re
import resource
import socket
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.contract.server import serve, variables_for
from tests.polling import wait_until
from tests.ports import free_port

CROWD, HONEST, PAUSE = 40, 25, 2
REFRESH = "/api/v1/token/refresh"
HEALTH = "/api/v1/common/health-check"
PEOPLE, PASSWORD = ("librarian", "reader"), "a long unlikely phrase"
JSON = {"Content-Type": "application/json"}
HEAD = f"POST {REFRESH} HTTP/1.1\r\nHost: localhost\r\n"
HEAD += "Content-Type: application/json\r\n"
SLOW = {
    "a body": HEAD + "Content-Length: 60000\r\n\r\n[",
    "a body in chunks": HEAD + "Transfer-Encoding: chunked\r\n\r\nffff\r\n[",
    "a head": HEAD + "X-Slow: ",
}


@pytest.fixture(scope="module")
def proxy(project, tool, tmp_path_factory):
    """The API behind Caddy, with the server's limits; gives its URL and process."""
    folder = tmp_path_factory.mktemp("proxy")
    database = f"sqlite:///{folder / 'db'}"
    variables = variables_for(DATABASE_URL=database, ALLOWED_HOSTS="*")
    project.run(".venv/bin/python", "manage.py", "migrate", **variables)
    for name in PEOPLE:
        superuser(project, name, variables)
    with serve(project, folder / "log", variables) as api:
        port = write_caddyfile(project, folder, urlsplit(api).netloc)
        with caddy(project, tool("caddy"), folder) as process:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(url), "Caddy to answer", 60)
            yield url, process


def superuser(project, name, variables):
    about = {"USERNAME": name, "EMAIL": email_of(name), "PASSWORD": PASSWORD}
    given = {f"DJANGO_SUPERUSER_{key}": value for key, value in about.items()}
    create = (".venv/bin/python", "manage.py", "createsuperuser", "--noinput")
    project.run(*create, **variables, **given)


def email_of(name):
    return f"{name}@example.com"


def write_caddyfile(project, folder, api):
    """Write what deploy.sh would, on free ports; gives the port of the readers."""
    script = project.read("scripts/deploy.sh")
    upstream = re.search(r"<<CADDY .*?\n(.*?)\nCADDY\n", script, re.S)[1]
    port = free_port()
    site = f"http://:{port}"
    colour = "{file./etc/caddy/colour}"
    upstream = upstream.replace(f"web-{colour}:8000", api).replace(colour, "blue")
    (folder / "upstream.caddy").write_text(re.sub(r"\$\(site_of .*?\)", site, upstream))
    ours = project.read("scripts/proxy/Caddyfile")
    ours = ours.replace("/etc/caddy", str(folder)).replace("8081", str(free_port()))
    # The port of its administration is the machine's, and may be taken.
    ours = ours.replace("{\n\tgrace_period", "{\n\tadmin off\n\tgrace_period")
    (folder / "Caddyfile").write_text(ours)
    return port


@contextlib.contextmanager
def caddy(project, program, folder):
    compose = project.read("scripts/docker-compose.yml")
    files = int(re.search(r"ulimits: \{nofile: (\d+)\}", compose)[1])
    memory = re.search(r"GOMEMLIMIT: (\w+)", compose)[1]
    process = subprocess.Popen(
        [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
        cwd=folder,
        env=os.environ
        | {"GOMEMLIMIT": memory, "HOME": str(folder)}
        | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def answers(url):
    with contextlib.suppress(httpx.TransportError):
        return ask(url).status_code == 200


def ask(url):
    return httpx.get(url + HEALTH, trust_env=False, timeout=30)


@contextlib.contextmanager
def connections(url, start, count):
    """Connections on which a request has begun."""
    place = urlsplit(url)
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            connection = socket.create_connection((place.hostname, place.port), 60)
            made.append(stack.enter_context(connection))
            connection.sendall(start.encode())
        yield made


@contextlib.contextmanager
def one_byte_at_a_time(senders):
    """Send a byte on each connection every PAUSE seconds, as long as that works."""
    stopping = threading.Event()

    def dribble():
        while not stopping.wait(PAUSE):
            for sender in senders:
                with contextlib.suppress(OSError):
                    sender.sendall(b"1")

    thread = threading.Thread(target=dribble)
    thread.start()
    yield
    stopping.set()
    thread.join()


@pytest.mark.parametrize("start", SLOW.values(), ids=SLOW)
def test_forty_slow_clients_keep_nobody_waiting(proxy, start):
    url, _ = proxy
    with connections(url, start, CROWD) as slow, one_byte_at_a_time(slow):
        assert [ask(url).status_code for _ in range(HONEST)] == [200] * HONEST
        for each in slow:
            with contextlib.suppress(ConnectionError):
                while each.recv(1000):
                    pass


def chunks(body):
    """Yield a body in parts, so that it is sent without its length."""
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


@pytest.mark.parametrize("framed", [bytes, chunks], ids=["length", "chunks"])
def test_a_memory_bomb_is_a_413_in_the_one_shape(proxy, framed):
    url, _ = proxy
    bomb = b"[" + b"[]," * 800_000 + b"[]]"
    answer = httpx.post(
        url + REFRESH, content=framed(bomb), headers=JSON, trust_env=False
    )
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "content_too_large"


def test_what_fits_gets_through(proxy):
    url, _ = proxy
    body = json.dumps({"refresh_token": "x"}).encode().ljust(64 * 1024)
    answer = httpx.post(url + REFRESH, content=body, headers=JSON, trust_env=False)
    assert answer.status_code == 401


def test_half_sent_heads_do_not_take_the_memory_of_the_proxy(proxy, project):
    url, process = proxy
    compose = project.read("scripts/docker-compose.yml")
    limit = re.search(r"image: caddy:2\n +mem_limit: (\d+)m", compose)[1]
    with connections(url, SLOW["a head"] + "x" * 15_000, 800):
        status = Path(f"/proc/{process.pid}/status").read_text()
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) < int(limit) * 1024
    assert wait_until(lambda: answers(url), "room for others", 60)


def test_no_request_changes_what_others_read_through_it(proxy, project, tmp_path):
    url, _ = proxy
    report = tmp_path / "hostile.json"
    who = [f"--{name}={email_of(name)}:{PASSWORD}" for name in PEOPLE]
    hostile = (".venv/bin/python", "-m", "lab.hostile_client", "--url", url, *who)
    project.run(*hostile, "--mutations=600", "--report", str(report))
    [site] = json.loads(report.read_text())["sites"]
    assert not site["faults"]
    assert site["innocent_results"]["hit"] > 50, site
