"""Waits until the database takes our password: `python -m config.wait_for_database`.

Exits 0 when it does, 1 with one line of cause when it never will.
"""

import os
import sys
import time

import django
from django.db import OperationalError, connection

SECONDS = 30
WRONG_PASSWORD = """\
The database refuses our password: its volume was made with another POSTGRES_PASSWORD.
Put the old one back, or start with an empty database: docker compose down --volumes"""


def why_not():
    """Return why the database can't be used now, or None if it can."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        return str(error).strip()


def wait(seconds):
    """Return when the database can be used; exit if that takes over `seconds`."""
    deadline = time.monotonic() + seconds
    while reason := why_not():
        if "password authentication failed" in reason:
            sys.exit(WRONG_PASSWORD)
        if time.monotonic() > deadline:
            sys.exit(f"No database after {seconds} s: {reason.splitlines()[-1]}")
        time.sleep(0.5)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    wait(SECONDS)
