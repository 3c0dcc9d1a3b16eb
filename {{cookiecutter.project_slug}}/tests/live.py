"""The API as it runs in production: gunicorn in processes of its own."""

import contextlib
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

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


def create_superuser(*, env, email, password, username="librarian"):
    """Add a superuser; raise if that fails."""
    given = {"EMAIL": email, "PASSWORD": password, "USERNAME": username}
    env = env | {f"DJANGO_SUPERUSER_{name}": value for name, value in given.items()}
    manage("createsuperuser", "--noinput", env=env)


def send(url, document=None, token="", timeout=60):
    """Send a request on a connection of its own; return the JSON of the answer.

    It is a POST if there is a document. `timeout` is in seconds. Raises URLError for
    errors and status codes.
    """
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(document).encode() if document else None
    with urlopen(Request(url, data, headers), timeout=timeout) as answer:
        return json.load(answer)


def log_in(address, email, password):
    """Return an access token of the API at this address."""
    login = {"email": email, "password": password}
    return send(f"{address}/auth/login", login)["access_token"]


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
def gunicorn(env, module="config.wsgi", **variables):
    """Serve a module's WSGI application on a free port.

    Yield the address of its API, and the process.
    """
    port = free_port()
    env = {**env, "PORT": str(port), **variables}
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
    command += ["--log-level", "warning", f"{module}:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    address = f"http://127.0.0.1:{port}/api/v1"
    try:
        healthy, what = partial(_is_healthy, address), f"a healthy answer at {address}"
        servers.wait_for_start(process, healthy, what)
        yield address, process
    finally:
        process.terminate()
        process.wait(timeout=120)


def _is_healthy(address):
    try:
        urlopen(f"{address}/common/health-check", timeout=5).close()
    except OSError:  # an error status, too
        return False
    return True
