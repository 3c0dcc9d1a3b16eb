"""Docker's health check, against the real server."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from config import healthcheck
from tests import live
from tests.servers import refusing_port
from tools.polling import wait_until

pytestmark = pytest.mark.once


def check(port, **environment):
    return subprocess.run(
        [sys.executable, "-m", "config.healthcheck"],
        env={**os.environ, "PORT": str(port), **environment},
        capture_output=True,
        text=True,
    )


def test_a_serving_api_is_healthy(live_server):
    done = check(live_server.thread.port)
    assert done.returncode == 0, done.stderr
    assert '"status":"ok"' in done.stdout


@pytest.mark.parametrize("hosts", ["localhost", ".localhost,127.0.0.1", "*"])
def test_it_calls_by_a_name_that_the_api_answers_to(live_server, hosts):
    assert check(live_server.thread.port, ALLOWED_HOSTS=hosts).returncode == 0


def test_a_refusing_api_is_unhealthy_and_says_what_it_answered(live_server):
    done = check(live_server.thread.port, ALLOWED_HOSTS="other.example.com")
    assert done.returncode == 1
    assert done.stdout.startswith("400 ")


def test_no_api_is_unhealthy_in_one_line():
    with refusing_port() as port:
        done = check(port)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("no answer: ")


@pytest.fixture
def hung(tmp_path):
    """A master with two children, and a function that checks it."""
    children = "sleep 600 & sleep 600 & wait"
    with subprocess.Popen(["sh", "-c", children], start_new_session=True) as master:
        wait_until(lambda: len(healthcheck.workers(master.pid)) == 2)

        def check(hung):
            return healthcheck.heal(hung, master.pid, tmp_path / "count")

        check.master = master
        yield check
        with contextlib.suppress(ProcessLookupError):
            os.killpg(master.pid, signal.SIGKILL)


def test_workers_that_do_not_answer_three_checks_are_killed_and_it_is_said(hung):
    assert [hung(True), hung(True)] == [None, None]
    assert len(healthcheck.workers(hung.master.pid)) == 2
    assert "2 workers killed" in hung(True)
    # Their master goes on, and here it ends when they have.
    assert hung.master.wait(timeout=60) is not None


def test_one_answer_in_between_and_they_live(hung):
    assert [hung(each) for each in (True, True, False, True, True)] == [None] * 5
    assert len(healthcheck.workers(hung.master.pid)) == 2


# Once asked to, its one worker never answers again.
HANGING = """
from threading import Event
from config.wsgi import application as whole

hung = Event()

def application(environ, start_response):
    if environ["PATH_INFO"] == "/hang":
        hung.set()
    if hung.is_set():
        Event().wait()
    return whole(environ, start_response)
"""


def test_gunicorn_whose_threads_hang_answers_again(tmp_path):
    (tmp_path / "hanging.py").write_text(HANGING)
    env = live.environment(f"sqlite:///{tmp_path / 'db'}", PYTHONPATH=str(tmp_path))
    env |= {"WEB_CONCURRENCY": "1", "REDIS_URL": ""}
    with live.gunicorn(env, module="hanging") as (address, process):
        assert healthcheck.is_gunicorn(process.pid)
        port = urlsplit(address).port
        for path in ("/hang", healthcheck.PATH):
            with pytest.raises(TimeoutError):
                urlopen(f"http://127.0.0.1:{port}{path}", timeout=2)
        count = tmp_path / "count"
        said = [healthcheck.heal(True, process.pid, count) for _ in range(3)]
        assert said[:2] == [None, None] and "1 workers killed" in said[2]
        wait_until(lambda: answers(port), "an answer of a new worker")


def answers(port):
    with contextlib.suppress(OSError, HTTPException):
        return healthcheck.ask(port)[0] == 200


def test_an_api_that_takes_a_request_in_and_is_silent_is_hung():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(TimeoutError):
            healthcheck.ask(silent.getsockname()[1], timeout=0.1)
    with refusing_port() as port, pytest.raises(ConnectionRefusedError):
        healthcheck.ask(port)
