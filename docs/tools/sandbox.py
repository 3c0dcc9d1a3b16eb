"""What a page runs in: a fresh project, real servers, ports of its own."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from docs.tools.shell import PATIENCE, Failed
from tests.baking import clean_environment
from tests.polling import wait_until
from tests.ports import free_port

# The ports that pages name; each run uses free ones in their place.
PORTS = (8000, 8001, 8002, 6379, 5432, 9091)
# One of them as a word of its own in a command, wherever it stands.
PORT = re.compile(r"(?<![\w.])(?:" + "|".join(map(str, PORTS)) + r")(?!\w)")
HOME = "/home/mina"
# As an installed server is: it belongs to `postgres`, and knows nobody else.
LEND = """
import sys
from urllib.parse import urlsplit
import psycopg
from tests.servers import postgres

with postgres() as url:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE postgres SUPERUSER LOGIN")
    with psycopg.connect(url, user="postgres", autocommit=True) as connection:
        connection.execute("ALTER ROLE library RENAME TO lender")
    print(urlsplit(url).port, flush=True)
    sys.stdin.read()
"""
# What a page may do as another user: `sudo -u postgres COMMAND`, on that server.
SUDO = """test "$1 $2" = "-u postgres" || exit 1
shift 2
PGHOST=localhost PGPORT={port} PGUSER=postgres exec "$@"
"""


class Sandbox:
    """A page's folder, environment and ports, under `scratch`."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.home = scratch / "mina"
        self.programs = scratch / "bin"
        self.home.mkdir(parents=True)
        self.programs.mkdir()
        self.ports = {port: free_port() for port in PORTS}
        self.open = contextlib.ExitStack()
        self.watched = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.open.close()

    def project(self, prepared):
        """A copy of the project that is set up already; gives its folder."""
        folder = self.home / prepared.name
        ignored = shutil.ignore_patterns(".venv", "__pycache__", "db.sqlite3*")
        shutil.copytree(prepared, folder, ignore=ignored, symlinks=True)
        (folder / ".venv").symlink_to(prepared / ".venv")
        self.manage(folder, "migrate", "--verbosity", "0")
        self.watch(folder)
        return folder

    def watch(self, folder):
        """Remember the files that are in a project, of what git does not ignore."""
        self.watched = folder
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "as it was rendered")

    def left(self):
        """What a page changed or left in its project, of what git does not ignore."""
        if not self.watched:
            return []
        return self.git("status", "--porcelain", "--untracked-files=all").splitlines()

    def git(self, *arguments):
        """Run git on the project, which itself knows nothing of a repository."""
        places = {"GIT_DIR": self.scratch / "git", "GIT_WORK_TREE": self.watched}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.watched,
            env=self.environment() | places,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def clone(self, template):
        """A copy of the template, as a clone would hold it; gives its folder."""
        folder = self.home / "cookiecutter-django-library"
        shutil.copytree(template, folder, symlinks=True)
        return folder

    def manage(self, folder, *arguments):
        python = folder / ".venv/bin/python"
        done = subprocess.run(
            [python, "manage.py", *arguments],
            cwd=folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise Failed(f"manage.py {arguments[0]}: {done.stdout}")

    def environment(self):
        """A student's environment: nothing of this run's own shell."""
        path = [
            self.programs,
            Path(sys.executable).parent,
            os.defpath,
            "/usr/local/bin",
        ]
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "UV_", "SSL_", "LC_")) or name == "TMPDIR"
        }
        return kept | {
            "HOME": str(self.home),
            "PATH": ":".join(map(str, path)),
            "PORT": str(self.ports[8000]),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "COLUMNS": "88",
            "PYTHONUTF8": "1",
            "PAGER": "cat",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Mina",
            "GIT_AUTHOR_EMAIL": "mina@example.com",
            "GIT_COMMITTER_NAME": "Mina",
            "GIT_COMMITTER_EMAIL": "mina@example.com",
        }

    def start(self, service, prepared):
        """Start a real server at the port that the page names."""
        starting = {"redis": self.start_redis, "postgresql": self.start_postgresql}
        starting[service](prepared)

    def start_redis(self, prepared):
        if (self.programs / "redis-cli").exists():
            # It runs on, with what an earlier page left in it.
            return
        port = str(self.ports[6379])
        server = subprocess.Popen(
            ["redis-server", "--port", port, "--save", "", "--appendonly", "no"],
            cwd=self.scratch,
            stdout=subprocess.DEVNULL,
        )
        self.open.callback(end, server)
        wait_for(int(port))
        client = shutil.which("redis-cli")
        self.program("redis-cli", f'exec {client} -p {port} "$@"')

    def start_postgresql(self, prepared):
        lender = subprocess.Popen(
            [prepared / ".venv/bin/python", "-c", LEND],
            cwd=prepared,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.open.callback(lender.communicate)
        line = lender.stdout.readline().strip()
        if not line:
            raise Failed("PostgreSQL did not start")
        self.ports[5432] = int(line)
        self.program("sudo", SUDO.format(port=line))

    def program(self, name, script):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def inward(self, command):
        """The command with the ports and the home of this run."""
        swapped = PORT.sub(lambda port: str(self.ports[int(port[0])]), command)
        return swapped.replace(HOME, str(self.home))

    def outward(self, printed):
        """The output as the page would show it."""
        for shown, used in self.ports.items():
            printed = re.sub(rf"\b{used}\b", str(shown), printed)
        return printed.replace(str(self.home.resolve()), HOME).replace(
            str(self.home), HOME
        )


def wait_for(port):
    def listens():
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True

    wait_until(listens, f"a server on port {port}", PATIENCE)


def end(process):
    process.terminate()
    process.wait(timeout=PATIENCE)
