"""A migration runs while the release before it reads and writes, on PostgreSQL."""

import os
import random
import subprocess
import sys

import psycopg

from course.grader import ROOT
from course.marks import wrong
from tests import live, servers

BEFORE, COLUMN = "0002", "token_salt"
# Seconds after which a migration that waits for a lock is said to wait for ever.
PATIENCE = 20
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
# What the release before names in each INSERT: all the columns that it knows.
ROW = {
    "password": "!",
    "is_superuser": False,
    "first_name": "",
    "last_name": "",
    "is_staff": False,
    "is_active": True,
    "date_joined": "2026-03-01T00:00:00Z",
}


def check(seed):
    """Migrate behind somebody who reads, then with nobody in the way."""
    number = 20 + random.Random(seed).randrange(200)
    with servers.new_database(os.environ["DATABASE_URL"]) as url:
        env = live.environment(url)
        live.manage("migrate", "--verbosity=0", "users", BEFORE, env=env)
        with psycopg.connect(url, autocommit=True) as connection:
            for each in range(number):
                insert(connection, f"reader-{each}")
            known = columns(connection, "users_user")
            before = versions(connection)
            check_lock(url, env)
            migrate(env)
            check_schema(connection)
            check_old_release(connection, known)
            check_rows(connection, before)
        check_state(env)


def insert(connection, name):
    """Add a user as the release before does."""
    row = ROW | {"username": name, "email": f"{name}@example.com"}
    places = ", ".join(["%s"] * len(row))
    sql = f"INSERT INTO users_user ({', '.join(row)}) VALUES ({places})"
    connection.execute(sql, list(row.values()))


def columns(connection, table):
    """Return the names of a table's columns."""
    return [name for (name,) in connection.execute(COLUMNS, [table])]


def versions(connection):
    """Return which version of each row is there: a rewritten one has another."""
    rows = connection.execute("SELECT id, ctid::text, xmin::text FROM users_user")
    return {key: version for key, *version in rows}


def manage(*arguments, env, timeout=None):
    """Run a command of Django; return its exit code and the last lines it said."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()[-4:]


def check_lock(url, env):
    """While somebody reads the table, the migration must give up soon."""
    with psycopg.connect(url) as reader:
        reader.execute("SELECT FROM users_user LIMIT 1")
        try:
            manage("migrate", "--verbosity=0", "users", env=env, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            evidence = ["BEGIN; SELECT ... FROM users_user;", "migrate: still waiting"]
            wrong("queue", evidence, n=PATIENCE)


def migrate(env):
    """Migrate with nobody in the way."""
    code, said = manage("migrate", "--verbosity=0", "users", env=env)
    if code:
        wrong("failed", said)


def check_schema(connection):
    """Look for what the new release needs."""
    for table, name in [("users_user", COLUMN), ("users_tokenfamily", "token_hash")]:
        found = columns(connection, table)
        if name not in found:
            wrong("missing", f"{table}: {found or 'no such table'}", what=name)


def check_old_release(connection, known):
    """Read and write as the release before, which still serves."""
    select = f"SELECT {', '.join(known)} FROM users_user LIMIT 1"
    try:
        connection.execute(select)
    except psycopg.Error as error:
        wrong("renamed", [select, error.diag.message_primary])
    try:
        insert(connection, "late-reader")
    except psycopg.Error as error:
        said = ["INSERT INTO users_user, as the release before", str(error)]
        wrong("refused", said)


def check_rows(connection, before):
    """Look at the rows that were there."""
    sql = f"SELECT count(*) FROM users_user WHERE {COLUMN} IS NULL"
    [(empty,)] = connection.execute(sql)
    if empty:
        wrong("null", f"{sql}: {empty}", n=empty)
    after = versions(connection)
    changed = [key for key, version in before.items() if after[key] != version]
    if changed:
        first = changed[0]
        evidence = f"user {first}: {before[first]} became {after[first]} (ctid, xmin)"
        wrong("rewritten", evidence, n=len(changed))


def check_state(env):
    """Django must know what the migration did."""
    code, said = manage("makemigrations", "--check", "--dry-run", "users", env=env)
    if code:
        wrong("state", said)
