"""Docker's health check, against the real server."""

import os
import subprocess
import sys

import pytest

from tests.servers import refusing_port

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
