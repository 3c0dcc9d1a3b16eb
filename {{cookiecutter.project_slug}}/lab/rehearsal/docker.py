"""Calls the `docker` command; everything that is made carries this run's label."""

import json
import shutil
import subprocess
import sys

LABEL = "library.rehearsal"


class Refused(Exception):
    """Something outside this program is not as it must be; one line says what."""


def docker(*arguments, **options):
    """Run `docker ARGUMENTS`; return what it prints, or raise Refused."""
    return run("docker", *arguments, **options)


def run(*command, stdin=None, env=None):
    """Run a command; return its output without the last line end, or raise Refused.

    `stdin` is text or bytes; the output has the same type, text without one.
    """
    binary = isinstance(stdin, bytes)
    result = subprocess.run(
        command, input=stdin, env=env, capture_output=True, text=not binary, check=False
    )
    if result.returncode:
        error = result.stderr.decode(errors="replace") if binary else result.stderr
        lines = error.strip().splitlines() or [f"exit code {result.returncode}"]
        raise Refused(f"{' '.join(command[:4])} ...: {lines[-1]}")
    return result.stdout if binary else result.stdout.rstrip("\n")


def require_tools():
    """Raise Refused, saying what to install, unless Docker, Compose 2 and SSH work."""
    if not shutil.which("docker"):
        raise Refused("Docker is not installed: see docs.docker.com/get-docker")
    for name in ("ssh", "ssh-keygen"):
        if not shutil.which(name):
            raise Refused(f"{name} is not installed: it comes with OpenSSH's client")
    try:
        docker("version")
        docker("compose", "version")
    except Refused as error:
        raise Refused(f"Docker does not answer; start it first. ({error})") from None


def engine_address():
    """Return where the engine listens, whatever context is in use."""
    context = json.loads(docker("context", "inspect"))[0]
    return context["Endpoints"]["docker"]["Host"]


def ensure_image(name):
    """Pull an image unless it is here already."""
    try:
        docker("image", "inspect", name)
    except Refused:
        print(f"  pulling {name}", flush=True)
        docker("pull", "--quiet", name)


def remove_all(run_id):
    """Remove every container, volume and image of this run, and nothing else."""
    mine = f"label={LABEL}={run_id}"
    removals = (
        (("ps", "--all", "--quiet"), ("rm", "--force", "--volumes")),
        (("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        (("image", "ls", "--quiet"), ("image", "rm", "--force")),
    )
    for listing, removal in removals:
        found = set(docker(*listing, "--filter", mine).split())
        for each in found:
            try:
                docker(*removal, each)
            except Refused as error:
                print(f"could not clean up: {error}", file=sys.stderr)
