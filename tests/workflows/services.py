"""The servers that a job asks for: real ones, on ports of this machine."""

import contextlib
import json
import subprocess

# Run by the project's own Python, with the project's own way to find servers. They end
# when this program's input does.
SERVE = """
import contextlib, json, sys, urllib.parse
import psycopg
from tests import servers
with contextlib.ExitStack() as stack:
    ports = {}
    for name in sys.argv[1:]:
        url = stack.enter_context(getattr(servers, name)())
        ports[name] = urllib.parse.urlsplit(url).port
        if name == "postgres":
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE library")
    print(json.dumps(ports), flush=True)
    sys.stdin.read()
"""
KINDS = {
    "postgres:17": ("postgres", "5432"),
    "redis:8": ("redis", "6379"),
}


@contextlib.contextmanager
def serving(services, venv):
    """Start a job's services; yield {service: {port in its container: port here}}."""
    kinds = {name: KINDS[service["image"]] for name, service in services.items()}
    if not kinds:
        yield {}
        return
    names = [kind for kind, _ in kinds.values()]
    process = subprocess.Popen(
        [venv / "bin/python", "-c", SERVE, *names],
        cwd=venv.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ports = json.loads(process.stdout.readline())
        yield {
            name: {inside: str(ports[kind])} for name, (kind, inside) in kinds.items()
        }
    finally:
        process.stdin.close()
        process.wait(timeout=300)
        process.stdout.close()
