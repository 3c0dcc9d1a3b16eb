"""Docker's health check: exits with 0 if the API in this container can serve.

Threads that hang never come back, and Docker restarts no container for being unhealthy.
So after HUNG checks in a row that were accepted but not answered, this kills gunicorn's
workers, whose master starts new ones at once. A server that answers, even with an
error, is left alone: a restart brings no database back.
"""

import contextlib
import http.client
import os
import signal
import sys
import tempfile
from pathlib import Path

PATH = "/api/v1/common/health-check"
# Checks in a row without an answer: about 40 seconds.
HUNG = 3
# gunicorn's master, in its container.
MASTER = 1
COUNT = Path(tempfile.gettempdir(), "checks-without-an-answer")


def accepted_host() -> str:
    """Return a host name that Django accepts: the first in `ALLOWED_HOSTS`."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return first.lstrip("*.") or "localhost"


def ask(port: int, timeout: float = 8) -> tuple[int, str]:
    """Return the HTTP status and the first 500 bytes of the body, as text.

    `timeout` is in seconds. Raises OSError or HTTPException if there is no answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(connection):
        connection.request("GET", PATH, headers={"Host": accepted_host()})
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode(errors="replace")


def is_gunicorn(process: int) -> bool:
    """Return whether a process is gunicorn. PID 1 is, but only in our container."""
    with contextlib.suppress(OSError):
        return b"gunicorn" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def workers(master: int) -> list[int]:
    """Return the ids of a process's children."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # it has ended
            if f"\nPPid:\t{master}\n" in status.read_text():
                found.append(int(status.parent.name))
    return found


def heal(hung: bool, master: int = MASTER, count: Path = COUNT) -> str | None:
    """Count checks without an answer in a row; at HUNG, kill the master's children.

    Returns a line that says so; None if nothing was done.
    """
    missed = (len(count.read_bytes()) if count.exists() else 0) + 1
    if not hung or missed >= HUNG:
        count.unlink(missing_ok=True)
    else:
        count.write_bytes(b"." * missed)
    if not hung or missed < HUNG:
        return None
    killed = workers(master)
    for process in killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return f"HEALED: {HUNG} checks without an answer, {len(killed)} workers killed"


def say(line: str) -> None:
    """Print a line, into the container's log as well: there a person looks."""
    print(line, file=sys.stderr)
    with contextlib.suppress(OSError), open(f"/proc/{MASTER}/fd/2", "w") as log:
        print(line, file=log)


def main() -> None:
    """Print the answer; exit with 0 for status 200, else with 1."""
    try:
        status, body = ask(int(os.environ.get("PORT", "8000")))
    except (OSError, http.client.HTTPException) as error:
        # Refused is not hung: nobody listens yet, or any more.
        hung = isinstance(error, TimeoutError) and is_gunicorn(MASTER)
        if line := heal(hung):
            say(line)
        sys.exit(f"no answer: {error}")
    heal(hung=False)
    print(status, body)
    sys.exit(status != 200)


if __name__ == "__main__":
    main()
