"""Runs `docker`. Everything made for a run has its label, by which it is removed."""

import json
import shutil
import subprocess
import sys

LABEL = "library.rehearsal"


class RehearsalError(Exception):
    """The rehearsal can't go on; the message says why in one line."""


def docker(*arguments, **options):
    """Run `docker ARGUMENTS`; return what it prints, or raise RehearsalError."""
    return run("docker", *arguments, **options)


def run(*command, stdin=None, env=None):
    """Run a command; return its output without the last line end.

    The output is text, or bytes (unchanged) if `stdin` is bytes. Raises RehearsalError
    if the command fails.
    """
    binary = isinstance(stdin, bytes)
    result = subprocess.run(
        command, input=stdin, env=env, capture_output=True, text=not binary, check=False
    )
    if result.returncode:
        error = result.stderr.decode(errors="replace") if binary else result.stderr
        lines = error.strip().splitlines() or [f"exit code {result.returncode}"]
        raise RehearsalError(f"{' '.join(command[:4])} ...: {lines[-1]}")
    return result.stdout if binary else result.stdout.rstrip("\n")


def require_tools():
    """Raise RehearsalError unless Docker, Compose 2 and SSH are installed and work."""
    if not shutil.which("docker"):
        raise RehearsalError("Docker is not installed: see docs.docker.com/get-docker")
    for name in ("ssh", "ssh-keygen"):
        if not shutil.which(name):
            raise RehearsalError(
                f"{name} is not installed: it comes with OpenSSH's client"
            )
    try:
        docker("version")
        docker("compose", "version")
    except RehearsalError as error:
        raise RehearsalError(
            f"Docker does not answer; start it first. ({error})"
        ) from None


def engine_address():
    """Return the address of the Docker engine that this machine's `docker` uses."""
    context = json.loads(docker("context", "inspect"))[0]
    return context["Endpoints"]["docker"]["Host"]


def ensure_image(name):
    """Pull an image unless this machine has it. Raises RehearsalError."""
    try:
        docker("image", "inspect", name)
    except RehearsalError:
        print(f"  pulling {name}", flush=True)
        docker("pull", "--quiet", name)


def remove_all(run_id):
    """Remove every container, volume, network and image of this run; nothing else."""
    mine = f"label={LABEL}={run_id}"
    removals = (
        (("ps", "--all", "--quiet"), ("rm", "--force", "--volumes")),
        (("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        (("network", "ls", "--quiet"), ("network", "rm")),
        (("image", "ls", "--quiet"), ("image", "rm", "--force")),
    )
    for listing, removal in removals:
        found = set(docker(*listing, "--filter", mine).split())
        for each in found:
            try:
                docker(*removal, each)
            except RehearsalError as error:
                print(f"could not clean up: {error}", file=sys.stderr)
