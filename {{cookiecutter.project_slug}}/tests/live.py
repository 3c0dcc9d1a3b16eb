"""The API as it runs in production: gunicorn in processes of its own."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests import servers
from tools.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
SECRETS = {"SECRET_KEY": "only-for-tests-" + "s" * 40}
SECRETS["JWT_SECRET_KEY"] = "only-for-tests-" + "j" * 40


def environment(database_url, **variables):
    """Return what a process of the API needs to run on this database."""
    return {
        **os.environ,
        **SECRETS,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DOTENV": os.devnull,
        "DATABASE_URL": database_url,
        **variables,
    }


def manage(*arguments, env):
    """Run a management command and return what it printed; raise if it fails."""
    command = [sys.executable, "manage.py", *arguments]
    options = {"cwd": ROOT, "env": env, "check": True, "text": True}
    return subprocess.run(command, stdout=subprocess.PIPE, **options).stdout


@contextlib.contextmanager
def database(folder):
    """Yield the URL of a new empty database: on PostgreSQL if DATABASE_URL is."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder / 'live.sqlite3'}"
        return
    with servers.new_database(server) as url:
        yield url


@contextlib.contextmanager
def gunicorn(env, **variables):
    """Serve the API on a free port; yield its address and the process."""
    port = free_port()
    env = {**env, "PORT": str(port), **variables}
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
    command += ["--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    address = f"http://127.0.0.1:{port}/api/v1"
    try:
        _wait_until_healthy(address, process)
        yield address, process
    finally:
        process.terminate()
        process.wait(timeout=120)


def _wait_until_healthy(address, process, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"{address}/common/health-check", timeout=5).close()
            return
        except HTTPError as error:
            error.close()
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"no healthy answer from {address} within {seconds} s")
