"""Gives the database its roles: `python -m config.database_roles`.

    library   the administrator, made with the database: this program and backups use it
    migrator  owns the tables: migrations run as it
    api       reads and writes rows, and nothing else: the API runs as it

Reads DATABASE_ADMIN_URL (the administrator's), MIGRATOR_PASSWORD and API_PASSWORD; the
arguments are lines of advice to print if the administrator's password is wrong. Without
DATABASE_ADMIN_URL it does nothing: then somebody else looks after the roles.

Every deploy runs it before the migrations. A second run changes nothing. Tables that
belong to another role, as on a server from before there were roles, get their owner.
"""

import os
import sys

import django
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from common.locks import patience
from config import wait_for_database
from config.environment import refuse

ROLES = ("migrator", "api")
# The limits apply to connections that set none of their own. Readers wait behind
# whoever changes a table, so the migrator gives up before they do.
# `migrator` is granted because an administrator who is no superuser (RDS) may only do
# what a member may. It may CREATE in the database because an extension wants that.
RIGHTS = """
ALTER ROLE migrator SET lock_timeout = '1s';
ALTER ROLE api SET lock_timeout = '2s';
ALTER ROLE api SET statement_timeout = '4s';
GRANT migrator TO CURRENT_USER;
ALTER DATABASE {database} OWNER TO CURRENT_USER;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO api;
GRANT CONNECT, CREATE ON DATABASE {database} TO migrator;
GRANT USAGE ON SCHEMA public TO api;
GRANT USAGE, CREATE ON SCHEMA public TO migrator;
"""
# Tables, sequences and views of another owner become the migrator's. A column's own
# sequence goes with its table ('a', 'i'), and what an extension made stays the
# extension's ('e'). ALTER TABLE takes sequences and views as well.
# The rights are for the tables that are there, and for those that migrations will make.
# One statement, because a limit is for one: whoever needs the first table waits until
# the last one is free.
TABLES = """
DO $$
DECLARE stray text;
BEGIN
    FOR stray IN
        SELECT quote_ident(relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
            AND relkind IN ('r', 'p', 'S', 'v', 'm')
            AND relowner <> 'migrator'::regrole
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass
                AND objid = pg_class.oid AND deptype IN ('a', 'e', 'i'))
    LOOP
        EXECUTE 'ALTER TABLE public.' || stray || ' OWNER TO migrator';
    END LOOP;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO api;
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO api;
    ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO api;
    ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA public
        GRANT USAGE, SELECT ON SEQUENCES TO api;
END $$
"""


def set_up(passwords: dict[str, str]) -> None:
    """Make the roles and give them their rights: all of it, or nothing.

    `passwords` has one for each role. The connection must be the administrator's.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Readers queue behind whoever waits for a table: fail the deploy instead, and
        # before they give up. What fails for a single lock says so.
        readers = patience(cursor)
        cursor.execute(f"SET LOCAL statement_timeout = {readers // 2}")
        cursor.execute(f"SET LOCAL lock_timeout = {readers * 3 // 8}")
        for role in ROLES:
            _make_role(cursor, role, passwords[role])
        _run(cursor, RIGHTS, database=connection.settings_dict["NAME"])
        cursor.execute(TABLES)


def _make_role(cursor: CursorWrapper, role: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if not cursor.fetchone():
        _run(cursor, "CREATE ROLE {role}", role=role)
    # Hashed here, so that no log of the server can show it.
    hashed = connection.connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    login = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
    cursor.execute(login.format(sql.Identifier(role), sql.Literal(hashed.decode())))


def _run(cursor: CursorWrapper, statements: str, **names: str) -> None:
    quoted = {name: sql.Identifier(value) for name, value in names.items()}
    cursor.execute(sql.SQL(statements).format(**quoted))


def _password(name: str) -> str:
    return os.environ.get(name) or refuse(name, "is not set: the role's password")


def main() -> None:
    """Wait for the database and set up its roles; exit with one line if that fails."""
    admin = os.environ.get("DATABASE_ADMIN_URL")
    if not admin:
        return
    passwords = {role: _password(f"{role.upper()}_PASSWORD") for role in ROLES}
    os.environ["DATABASE_URL"] = admin
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    wait_for_database.wait(wait_for_database.SECONDS, advice=sys.argv[1:])
    try:
        set_up(passwords)
    except DatabaseError as error:
        reason = str(error).splitlines()[0]
        sys.exit(f"The database's roles could not be set up: {reason}")


if __name__ == "__main__":
    main()
