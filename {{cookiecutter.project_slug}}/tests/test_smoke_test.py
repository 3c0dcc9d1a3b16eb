"""What a deploy asks of a new release before readers come, against the real server."""

import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from config import smoke_test as program
from tests import live
from tools.ports import free_port

pytestmark = pytest.mark.once
# A release whose answers to one method and path are an error.
BROKEN = """
from config.wsgi import application as whole

def application(environ, start_response):
    if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) != ("{}", "/api/v1{}"):
        return whole(environ, start_response)
    start_response("500 Internal Server Error", [("Content-Length", "5")])
    return [b"a bug"]
"""
COUNT_USERS = "from users.models import User; print('users:', User.objects.count())"


@pytest.fixture
def env(tmp_path):
    found = live.environment(f"sqlite:///{tmp_path / 'db'}", WEB_CONCURRENCY="1")
    found |= {"PYTHONPATH": str(tmp_path), "REDIS_URL": ""}
    live.manage("migrate", "--verbosity=0", env=found)
    return found


def smoke_test(address, env):
    """Run it on the API at this address; return the ended process."""
    return subprocess.run(
        [sys.executable, "-m", "config.smoke_test"],
        env=env | {"PORT": str(urlsplit(address).port)},
        cwd=live.ROOT,
        capture_output=True,
        text=True,
    )


def refusal(address, env):
    done = smoke_test(address, env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("https", ["", "on"])
def test_an_api_that_can_be_used_passes_and_keeps_nothing_of_it(env, https):
    env |= {"USE_HTTPS": https, "AUTH_HEADER": "JWT"}
    with live.gunicorn(env) as (address, _):
        for _ in range(2):
            done = smoke_test(address, env)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "users: 0" in live.manage("shell", "--command", COUNT_USERS, env=env)


@pytest.mark.parametrize("request_line", ["GET /books", "POST /auth/logout"])
def test_a_release_that_answers_a_reader_with_an_error_does_not(
    env, tmp_path, request_line
):
    method, path = request_line.split()
    (tmp_path / "broken.py").write_text(BROKEN.format(method, path))
    with live.gunicorn(env, module="broken") as (address, _):
        line = refusal(address, env)
    assert line.startswith(f"{method} /api/v1{path} answers 500, not ")
    assert line.endswith(": a bug")
    assert "users: 0" in live.manage("shell", "--command", COUNT_USERS, env=env)


def test_a_release_without_its_cache_does_not(env):
    env |= {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    with live.gunicorn(env) as (address, _):
        line = refusal(address, env)
    assert line.startswith("the health check says ")
    assert '"cache":"unreachable"' in line


def test_it_waits_until_a_new_redis_is_out_of_quarantine(settings, monkeypatch):
    """The quarantine lasts for a lease."""
    settings.CACHING = settings.CACHING | {"lease": 60}
    now = 0.0

    def sleep(seconds):
        nonlocal now
        now += seconds

    class Client:
        def demand(self, *request):
            said = "HIT" if now > 60 else "BYPASS; quarantine"
            return SimpleNamespace(headers={"X-Cache": said})

    clock = SimpleNamespace(monotonic=lambda: now, sleep=sleep)
    monkeypatch.setattr(program, "time", clock)
    program.read_from_the_cache(Client(), "/tags")
    assert now > 60


def test_without_an_answer_it_is_one_line(env):
    line = refusal(f"http://127.0.0.1:{free_port()}", env)
    assert "GET /api/v1/common/health-check: no answer: " in line
