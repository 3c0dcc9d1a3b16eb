"""The server's own Caddyfile in front of a real API: slow, large and odd requests."""

import contextlib
import json
import os
import re
import resource
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple
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
CHUNKED = HEAD + "Transfer-Encoding: chunked\r\n\r\n"
SIZED = HEAD + "Content-Length: 60000\r\n\r\n["
FIN, RESET, WAIT = "ends", "resets", "waits"
# What a client may do wrong, and how it goes away.
FAULTS = {
    "a late body": (SIZED, WAIT),
    "a late body in chunks": (SLOW["a body in chunks"], WAIT),
    "asked to go on, and gone": (
        HEAD + "Expect: 100-continue\r\nContent-Length: 60000\r\n\r\n",
        WAIT,
    ),
    "half a body, then the end": (SIZED, FIN),
    "half a body, then a reset": (SIZED, RESET),
    "half a chunk, then the end": (SLOW["a body in chunks"], FIN),
    "half a chunk, then a reset": (SLOW["a body in chunks"], RESET),
    "no chunk size": (CHUNKED + "zz\r\n[]\r\n0\r\n\r\n", WAIT),
    "a chunk of another size": (CHUNKED + "1\r\n[][]\r\n0\r\n\r\n", WAIT),
    "a chunk without end": (CHUNKED + "f" * 17 + "\r\n[]\r\n0\r\n\r\n", WAIT),
    "a chunk's long extension": (CHUNKED + "2;" + "a" * 20_000 + "\r\n[]\r\n", WAIT),
    "a bad trailer": (CHUNKED + "2\r\n[]\r\n0\r\nfoo bar\r\n\r\n", WAIT),
    "a coding nobody knows": (
        HEAD + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        WAIT,
    ),
    "both framings": (
        HEAD + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        WAIT,
    ),
    "too large, and gone": (
        HEAD + "Content-Length: 8000000\r\n\r\n" + "[" * 3_000_000,
        RESET,
    ),
    "another protocol": (
        f"GET {HEALTH} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\n\r\n",
        WAIT,
    ),
    "a method nobody knows": (
        f"BREW {HEALTH} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        FIN,
    ),
    "many at once, and gone": (
        f"GET {HEALTH} HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20,
        RESET,
    ),
}


class Proxy(NamedTuple):
    """A running Caddy: its readers' address, its process, and its log."""

    url: str
    process: subprocess.Popen
    log: Path

    def statuses(self):
        """What it answered, as scripts/common.sh counts it."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        answers = [json.loads(line) for line in lines if "http.log.access" in line]
        return [answer["status"] for answer in answers]


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
        with before(project, tool("caddy"), folder, urlsplit(api).netloc) as made:
            wait_until(lambda: answers(made.url), "Caddy to answer", 60)
            yield made


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
def before(project, program, folder, api):
    """Run Caddy before the API at this address."""
    port = write_caddyfile(project, folder, api)
    with caddy(project, program, folder) as process:
        yield Proxy(f"http://127.0.0.1:{port}", process, folder / "caddy.log")


@contextlib.contextmanager
def caddy(project, program, folder):
    compose = project.read("scripts/docker-compose.yml")
    files = int(re.search(r"ulimits: \{nofile: (\d+)\}", compose)[1])
    memory = re.search(r"GOMEMLIMIT: (\w+)", compose)[1]
    log = (folder / "caddy.log").open("wb")
    process = subprocess.Popen(
        [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
        cwd=folder,
        env=os.environ
        | {"GOMEMLIMIT": memory, "HOME": str(folder)}
        | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        stderr=log,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
        log.close()


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
    url = proxy.url
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
    url = proxy.url
    bomb = b"[" + b"[]," * 800_000 + b"[]]"
    answer = httpx.post(
        url + REFRESH, content=framed(bomb), headers=JSON, trust_env=False
    )
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "content_too_large"


def test_what_fits_gets_through(proxy):
    url = proxy.url
    body = json.dumps({"refresh_token": "x"}).encode().ljust(64 * 1024)
    answer = httpx.post(url + REFRESH, content=body, headers=JSON, trust_env=False)
    assert answer.status_code == 401


def test_half_sent_heads_do_not_take_the_memory_of_the_proxy(proxy, project):
    url = proxy.url
    compose = project.read("scripts/docker-compose.yml")
    limit = re.search(r"image: caddy:2\n +mem_limit: (\d+)m", compose)[1]
    with connections(url, SLOW["a head"] + "x" * 15_000, 800):
        status = Path(f"/proc/{proxy.process.pid}/status").read_text()
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) < int(limit) * 1024
    assert wait_until(lambda: answers(url), "room for others", 60)


def test_no_request_changes_what_others_read_through_it(proxy, project, tmp_path):
    url = proxy.url
    report = tmp_path / "hostile.json"
    who = [f"--{name}={email_of(name)}:{PASSWORD}" for name in PEOPLE]
    hostile = (".venv/bin/python", "-m", "lab.hostile_client", "--url", url, *who)
    project.run(*hostile, "--mutations=600", "--report", str(report))
    [site] = json.loads(report.read_text())["sites"]
    assert not site["faults"]
    assert site["innocent_results"]["hit"] > 50, site


def play(url, sent, end):
    """Send it as it is, and go away; gives the beginning of the answer."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), 60) as client:
        with contextlib.suppress(OSError):
            client.sendall(sent.encode())
            if end == FIN:
                client.shutdown(socket.SHUT_WR)
            if end != RESET:
                return client.recv(1000)
        # Closed at once, without a word.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return b""


@pytest.mark.parametrize(("sent", "end"), FAULTS.values(), ids=FAULTS)
def test_what_a_client_does_wrong_is_no_error_of_the_servers(proxy, sent, end):
    """Else anybody could send a good release back, and raise an alarm."""
    known = len(proxy.statuses())
    for _ in range(1 if end == WAIT else 8):
        play(proxy.url, sent, end)
    assert ask(proxy.url).status_code == 200
    # The line of a connection that went away may come after that of a later request.
    wait_until(lambda: settled(proxy, known), "the last line", 60)
    assert [each for each in proxy.statuses()[known:] if each >= 500] == []


def settled(proxy, known):
    """Whether the log tells of a later request, and of nothing new for a while."""
    seen = proxy.statuses()[known:]
    time.sleep(1)
    return 200 in seen and seen == proxy.statuses()[known:]


ASKED = f"GET {HEALTH} HTTP/1.1\r\nHost: localhost\r\n\r\n"
SENT = HEAD + "Content-Length: 200\r\n\r\n" + "[" * 200


@pytest.mark.parametrize("sent", [ASKED, SENT], ids=["a read", "a write"])
def test_an_api_that_is_away_or_goes_away_is_one(project, tool, tmp_path, sent):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with before(project, tool("caddy"), tmp_path, address) as made:
            gone = threading.Thread(target=hang_up, args=[listener])
            gone.start()
            wait_until(lambda: fails(made.url, sent), "a 502", 60)
            # Wakes who waits for a connection, as close() does not.
            listener.shutdown(socket.SHUT_RDWR)
            gone.join()
            wait_until(lambda: fails(made.url, sent), "a 502", 60)


def fails(url, sent):
    """Whether the proxy says so; it may not listen yet."""
    with contextlib.suppress(ConnectionRefusedError):
        return b" 502 " in play(url, sent, WAIT)


def hang_up(listener):
    """Read something of each request, and close the connection."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
