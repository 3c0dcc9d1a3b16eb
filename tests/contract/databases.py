"""The databases that the contract must hold on: SQLite and PostgreSQL."""

import os
import subprocess
from contextlib import contextmanager

import pytest

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.deep)]

# Runs in the baked project, whose own tests know how to find or start PostgreSQL.
LEND_POSTGRESQL = """
import secrets, sys
from urllib.parse import urlsplit
import psycopg
from tests.servers import Unavailable, postgres

try:
    with postgres() as server:
        name = f"contract_{secrets.token_hex(6)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
            print(urlsplit(server)._replace(path=f"/{name}").geturl(), flush=True)
            sys.stdin.read()
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
except Unavailable as reason:
    print(reason, file=sys.stderr)
    sys.exit(3)
"""
UNAVAILABLE = 3


class Unavailable(Exception):
    """This machine has no such database; the message says what to install."""


@contextmanager
def database(kind, project, folder):
    """Give the URL of an empty database of this kind until the block ends.

    Errors: Unavailable, which says what to install.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder}/contract.sqlite3"
        return
    lender = subprocess.Popen(
        [project.path / ".venv/bin/python", "-c", LEND_POSTGRESQL],
        cwd=project.path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = lender.stdout.readline().strip()
        if not url:
            complaint = lender.communicate()[1].strip()
            assert lender.returncode == UNAVAILABLE, complaint
            raise Unavailable(complaint)
        yield url
    finally:
        # The end of its input tells it to clean up.
        lender.communicate()
