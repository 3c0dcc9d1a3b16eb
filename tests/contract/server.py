"""A gunicorn of its own for the tests, from a baked project, on a free port."""

import os
import re
import signal
import subprocess
from contextlib import contextmanager
from secrets import token_hex

import httpx

from tests.baking import clean_environment
from tests.polling import wait_until

START_SECONDS = 300
STOP_SECONDS = 10
LISTENING = re.compile(r"Listening at: (http://[\d.]+:\d+)")
THROTTLED = ("LOGIN", "REGISTER", "REFRESH", "ACCOUNT")
GENEROUS = {f"THROTTLE_{name}": "10000/min" for name in THROTTLED}
# A few accounts borrow for all tests.
GENEROUS["LOANS_PER_READER"] = "10000"


def variables_for(**more):
    """The settings of a server for tests, with random secrets."""
    made = {"SECRET_KEY": token_hex(32), "JWT_SECRET_KEY": token_hex(32)}
    return made | GENEROUS | more


@contextmanager
def serve(project, log, variables):
    """Serve the project until the block ends; gives its URL."""
    command = [project.path / ".venv/bin/python", "-m", "gunicorn"]
    command += ["-c", "config/gunicorn.py", "--bind", "127.0.0.1:0"]
    command += ["config.wsgi:application"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=project.path,
            env=clean_environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A group of its own, so that no worker outlives it.
            start_new_session=True,
        )
        try:
            yield wait_until_it_answers(process, log)
        finally:
            stop(process)


def wait_until_it_answers(process, log):
    def answering():
        assert process.poll() is None, f"gunicorn ended: {log.read_text()}"
        listening = LISTENING.search(log.read_text())
        return listening and answers(listening[1]) and listening[1]

    return wait_until(answering, "gunicorn to answer", START_SECONDS)


def answers(url):
    try:
        httpx.get(f"{url}/api/v1/common/health-check", trust_env=False, timeout=30)
    except httpx.TransportError:
        return False
    return True


def stop(process):
    # Gunicorn's quick shutdown: no request is open.
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
