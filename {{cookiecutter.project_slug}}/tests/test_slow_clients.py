"""Slow clients hold up nobody: they have a deadline, and no thread of the API."""

import contextlib
import json
import select
import socket
from urllib.error import URLError
from urllib.parse import urlsplit

import pytest

from config.buffered import MAX_BYTES, MAX_READING
from tests import live

pytestmark = pytest.mark.once

CROWD, HONEST = 40, 25
READER = {"email": "r@example.com", "username": "r", "password": "a long secret"}
POST = b"POST /api/v1/token/refresh HTTP/1.1\r\nHost: localhost\r\n"
POST += b"Content-Type: application/json\r\n"
SLOW = {
    "nothing": b"",
    "half a head": b"GET /api/v1/books HTTP/1.1\r\nHost: local",
    "half a body": POST + b'Content-Length: 100\r\n\r\n{"refresh',
    "half a body in chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "waits to be asked": POST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
}
# Each gets an answer that ends the connection, and stays.
ENDED = b"GET /api/v1/schema HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
ASKED = b"GET /api/v1/schema HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Yield the address of an API with one worker, and a reader's token."""
    folder = tmp_path_factory.mktemp("slow")
    often = {"THROTTLE_REFRESH": "9999/min"}
    env = live.environment(f"sqlite:///{folder / 'db'}", REDIS_URL="", **often)
    live.manage("migrate", "--verbosity=0", env=env)
    with live.gunicorn(env | {"WEB_CONCURRENCY": "1"}) as (address, _):
        live.send(f"{address}/users", READER)
        token = live.log_in(address, READER["email"], READER["password"])
        yield address, token


@contextlib.contextmanager
def crowd(address, sent, count=CROWD, receive_buffer=None):
    """Yield this many connections on which these bytes were sent, and no more."""
    place = urlsplit(address)
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.socket())
            if receive_buffer:
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer
                )
            connection.settimeout(60)
            connection.connect((place.hostname, place.port))
            connection.sendall(sent)
            connections.append(connection)
        yield connections


def answered(address, token, path="/common/health-check", timeout=30):
    """Return how many of the honest requests are answered while they have patience."""
    good = 0
    for _ in range(HONEST):
        with contextlib.suppress(URLError, TimeoutError):
            live.send(f"{address}{path}", token=token, timeout=timeout)
            good += 1
        if good == 0:
            break
    return good


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_slow_requests_hold_no_thread(server, sent):
    address, token = server
    with crowd(address, sent):
        assert answered(address, token) == HONEST
        assert answered(address, token, "/loans") == HONEST


def test_who_does_not_hang_up_holds_nothing(server):
    address, token = server
    with crowd(address, ENDED):
        assert answered(address, token) == HONEST
        assert answered(address, token, "/loans") == HONEST


def test_who_does_not_take_in_the_answer_holds_no_thread(server):
    address, token = server
    with crowd(address, ASKED * 100, receive_buffer=2048):
        assert answered(address, token) == HONEST
        assert answered(address, token, "/loans") == HONEST


def test_more_than_may_wait_keep_nobody_out(server):
    address, token = server
    with crowd(address, SLOW["half a head"], MAX_READING + CROWD) as connections:
        assert answered(address, token) == HONEST
        # The oldest had to go. It was late: a 5xx would be the server's fault.
        assert connections[0].recv(100).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_half_sent_bodies_have_so_much_room_and_the_largest_goes(server):
    address, token = server
    half = POST + b"Content-Length: 64000\r\n\r\n" + b"[" * 60_000
    with crowd(address, half, 2 * MAX_BYTES // 60_000) as connections:
        assert answered(address, token) == HONEST
        ended, _, _ = select.select(connections, [], [], 0)
        assert ended
        for connection in ended:
            assert connection.recv(100).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_each_meets_its_deadline(server):
    address, _ = server
    with contextlib.ExitStack() as stack:
        answers = {
            name: stack.enter_context(crowd(address, sent, 1))[0].makefile("rb")
            for name, sent in SLOW.items()
        }
        ends = {name: answer.read() for name, answer in answers.items()}
    assert ends.pop("nothing") == b""
    asked = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert ends["waits to be asked"].startswith(asked)
    for end in ends.values():
        head, _, body = end.removeprefix(asked).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert json.loads(body)["errors"][0]["code"] == "request_timeout"


def test_who_is_asked_to_go_on_is_asked_once(server):
    address, _ = server
    with crowd(address, SLOW["waits to be asked"], 1) as [connection]:
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"a": 1}\n')
        assert connection.recv(100).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_requests_that_have_begun_are_answered_while_the_server_stops(tmp_path):
    env = live.environment(f"sqlite:///{tmp_path / 'db'}", REDIS_URL="")
    live.manage("migrate", "--verbosity=0", env=env)
    begun = POST + b"Content-Length: 9\r\n\r\n{"
    with live.gunicorn(env | {"WEB_CONCURRENCY": "1"}) as (address, process):
        with crowd(address, begun, HONEST) as connections:
            # They have been accepted when a later one is answered.
            live.send(f"{address}/common/health-check")
            process.terminate()
            for connection in connections:
                connection.sendall(b'"a": 1}\n')
                answer = connection.recv(100)
                assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert process.wait(timeout=120) == 0
