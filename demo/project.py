"""The rendered project: render it, set it up, fill it, serve it.

Every child process runs in a group of its own, so that Ctrl-C reaches only the
demo, which then ends the group: nothing is left running.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

TEMPLATE = Path(__file__).resolve().parent.parent
START_SECONDS = 120
STOP_SECONDS = 10
# The variables of the person's shell that the demo's processes see: for programs,
# folders, network and language. None is a setting of the project: its 500 books belong
# in its own SQLite file, and it serves this machine only.
KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG(UAGE)?|LC_\w+|TMPDIR|TE?MP|XDG_\w+"
    r"|(?i:(all|https?|no)_proxy)|(PIP|UV)_\w+|(REQUESTS|CURL)_CA_BUNDLE|SSL_CERT_\w+"
    r"|(LD|DYLD|NIX)_\w+|PYTHON(UTF8|IOENCODING)"
)
# What a hook of the template says comes before this; its first lines, up to an empty
# one, say why.
REFUSED = "ERROR: Stopping generation"
NO_NETWORK = (
    "Failed to establish a new connection",
    "NewConnectionError",
    "Temporary failure in name resolution",
    "ProxyError",
    "ConnectTimeoutError",
    "No matching distribution found",
)


class Trouble(Exception):
    """Why the demo can't go on: one line, and the last lines of a tool."""

    def __init__(self, line, details=()):
        super().__init__(line)
        self.details = details


class Project:
    """The defaults, rendered into `build`. Each step's output goes to `build`/logs."""

    def __init__(self, build):
        self.build = build
        self.logs = build / "logs"
        self.folder = None

    def render(self, tick, *, keep):
        """Render the defaults; an earlier build keeps its .venv, with `keep` its data.

        Errors: Trouble when the folder can't be written or rendering fails.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        kept = {".venv", ".env", "db.sqlite3"} if keep else {".venv"}
        for earlier in self.build.glob("*/manage.py"):
            empty(earlier.parent, kept)
        options = "--no-input --default-config --overwrite-if-exists --output-dir"
        cookiecutter = [sys.executable, "-m", "cookiecutter", str(TEMPLATE)]
        self._run("render", [*cookiecutter, *options.split(), str(self.build)], tick)
        rendered = list(self.build.glob("*/manage.py"))
        if len(rendered) != 1:
            raise Trouble(
                f"{self.build} holds {len(rendered)} projects, not 1: delete it"
            )
        self.folder = rendered[0].parent

    def set_up(self, tick):
        """Run the project's own `make setup` with this Python.

        Errors: Trouble without network or when setting up fails.
        """
        venv = self.folder / ".venv"
        made_by = venv / "made-by-demo"
        if not made_by.is_file() or made_by.read_text() != sys.version:
            shutil.rmtree(venv, ignore_errors=True)
        self._run("setup", ["make", "setup", f"PYTHON={sys.executable}"], tick)
        made_by.write_text(sys.version)

    def seed(self, tick, books):
        """Add this many books, the same ones each time. Errors: Trouble."""
        self._manage("seed", tick, "seed_library", "--books", books, "--seed", "1")

    def make_librarian(self, tick, librarian):
        """Make the librarian {"email", "username", "password"}. Errors: Trouble."""
        given = {
            f"DJANGO_SUPERUSER_{name.upper()}": value
            for name, value in librarian.items()
        }
        self._manage("librarian", tick, "createsuperuser", "--noinput", given=given)

    @contextmanager
    def served(self, tick, port):
        """Serve with gunicorn until the block ends; gives (url, process).

        Errors: Trouble when it ends or does not answer in START_SECONDS.
        """
        log = self.logs / "server.log"
        python = self.folder / ".venv/bin/python"
        command = [python, "-m", "gunicorn", "-c", "config/gunicorn.py"]
        command += ["config.wsgi:application"]
        given = {"PORT": str(port)}
        with started(command, self.folder, log, given) as server:
            url = f"http://127.0.0.1:{port}"
            wait_for_health(server, url, log, tick)
            yield url, server

    def _manage(self, name, tick, *arguments, given=None):
        command = [self.folder / ".venv/bin/python", "manage.py", *map(str, arguments)]
        self._run(name, command, tick, given)

    def _run(self, name, command, tick, given=None):
        log = self.logs / f"{name}.log"
        with started(command, self.folder or TEMPLATE, log, given) as child:
            while child.poll() is None:
                tick()
                time.sleep(0.1)
        if child.returncode != 0:
            raise trouble_with(name, log)


def trouble_with(name, log):
    """Give the Trouble of a step that failed, with the cause that its log shows."""
    said = log.read_text(errors="replace").strip()
    if REFUSED in said:
        return Trouble(said.partition(REFUSED)[0].strip().partition("\n\n")[0])
    lines = said.splitlines()
    if any(sign in line for line in lines for sign in NO_NETWORK):
        return Trouble(
            "pip could not fetch the packages: is this machine online? "
            f"(all it said: {log})"
        )
    return Trouble(f"{name} failed; its last lines follow (all: {log})", lines[-12:])


@contextmanager
def started(command, folder, log, given=None):
    """Run a command in its own process group, ended with the block."""
    environment = {k: v for k, v in os.environ.items() if KEPT.fullmatch(k)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | (given or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process):
    """End the process's whole group: at first politely, after STOP_SECONDS by force."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    # Processes that its child started may end a moment later.
    while lives(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    if lives(process):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def lives(process):
    """Whether a process of the group is still running."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_health(server, url, log, tick):
    """Wait until the health check answers; the walk checks the answer.

    Errors: Trouble when the server ends, or after START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise trouble_with("gunicorn", log)
        try:
            httpx.get(f"{url}/api/v1/common/health-check", trust_env=False)
            return
        except httpx.TransportError:
            tick()
            time.sleep(0.1)
    raise trouble_with(f"waiting {START_SECONDS} s for gunicorn", log)


def free_port(port):
    """Give `port`, or a free one for 0. Errors: Trouble when it is taken."""
    with socket.socket() as listener:
        # As gunicorn does, so that a port with closing connections counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("0.0.0.0", port))
        except OSError as error:
            raise Trouble(
                f"Port {port} can't be used ({error.strerror}). "
                f"Choose another: make demo ARGS='--port {port % 65535 + 1}'"
            ) from None
        return listener.getsockname()[1]


def empty(folder, kept):
    """Delete what is in a folder, but for the names in `kept`."""
    for entry in folder.iterdir():
        if entry.name in kept:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
