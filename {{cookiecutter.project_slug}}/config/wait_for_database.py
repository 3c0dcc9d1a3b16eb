"""Waits until the database accepts connections: `python -m config.wait_for_database`.

Exits with 0 when it does. Exits with 1 and one line of reason if the password is wrong,
after SECONDS, or if it takes too few connections for the API's threads. The arguments
are lines of advice to print if the password is wrong.
"""

import os
import sys
import time
from collections.abc import Sequence

import django
from django.db import OperationalError, connection

from config import connection_limit

SECONDS = 30
WRONG_PASSWORD = (
    "The database has another password than POSTGRES_PASSWORD or DATABASE_URL says."
)


def connection_problem() -> str | None:
    """Return why the database can't be used now; None if it can."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        return str(error).strip()
    return None


def wait(seconds: float, advice: Sequence[str]) -> None:
    """Return as soon as the database can be used; exit after `seconds`.

    `advice` are lines to print if the password is wrong, which ends the wait at once.
    """
    deadline = time.monotonic() + seconds
    while reason := connection_problem():
        if "password authentication failed" in reason:
            sys.exit("\n".join([WRONG_PASSWORD, *advice]))
        if time.monotonic() > deadline:
            sys.exit(f"No database after {seconds} s: {reason.splitlines()[-1]}")
        time.sleep(0.5)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    wait(SECONDS, advice=sys.argv[1:])
    sys.exit(connection_limit.problem())
