"""Runs commands; one that fails raises ReleaseError, with the cause in one line."""

import json
import subprocess
from collections import deque
from typing import Any

# The last lines shown: a job that fails quotes them in its summary.
LAST_LINES: deque[str] = deque(maxlen=20)


class ReleaseError(Exception):
    """The deployment can't go on; the message says why in one line."""


def say(line: str) -> None:
    """Print a line, and keep it in LAST_LINES."""
    print(line, flush=True)
    LAST_LINES.append(line)


def run(*command: str, stdin: str | None = None) -> str:
    """Run a command and return its output; raise ReleaseError with its last line."""
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise ReleaseError(f"{command[0]} is not installed") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ReleaseError(
            f"{' '.join(command[:3])}: {(lines or ['no reason given'])[-1]}"
        )
    return done.stdout


def aws(*arguments: str) -> Any:
    """Run an aws command; return its answer, {} if it is empty."""
    return json.loads(run("aws", *arguments, "--output", "json") or "{}")


def stream(*command: str) -> int:
    """Run a command, show its output line by line; return its exit code."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            say(line.rstrip("\n"))
    return process.returncode
