"""`manage.py migrate`, whose transactions let go of their locks before readers give up.

What holds a table makes everybody wait, and readers wait for two seconds, or less
(DATABASE_LOCK_TIMEOUT). A limit for each statement is not enough: a migration is one
transaction of many statements, and holds its locks until the last.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from common.locks import patience

# At least 1 ms: PostgreSQL takes 0 for no limit. Neither a statement nor a pause before
# the next may take longer than what is left of the transaction's time.
ALLOW = """
SELECT set_config('statement_timeout', rest, true),
    set_config('idle_in_transaction_session_timeout', rest, true)
FROM (
    SELECT greatest(1, %s - extract(epoch FROM clock_timestamp() - now()) * 1000)
        ::int::text AS rest
) AS allowed
"""

# By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
TOO_LONG = "a migration may hold a table for {} s, else its readers would fail"
REASONS = {
    "57014": TOO_LONG,
    "25P03": TOO_LONG,
    "55P03": "somebody uses the table; migrate again when nothing long is running",
}


class Command(migrate.Command):
    """Django's `migrate`, with a limit for each statement and each transaction."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; MIGRATION_STATEMENT_TIMEOUT is the limit in seconds, 0 is none.

        It is less if readers do not wait for longer; a limit above theirs is somebody's
        decision. SQLite has none, nor the first migrations: nobody reads an empty
        database. Raises OperationalError, whose last line says what the limit is for.
        """
        connection = connections[options["database"]]
        seconds = settings.MIGRATION_STATEMENT_TIMEOUT
        limited = seconds and connection.vendor == "postgresql"
        if not (limited and MigrationRecorder(connection).has_table()):
            super().handle(*args, **options)
            return
        with connection.cursor() as cursor:
            readers, allowed = patience(cursor), seconds * 1000
            if allowed <= readers:
                allowed = min(allowed, readers * 3 // 4)
            cursor.execute(f"SET statement_timeout = {allowed}")
            # Shorter, so that what fails for a lock says so; and than the readers'
            # limit, because they wait behind it.
            cursor.execute(f"SET lock_timeout = {min(allowed, readers) * 3 // 4}")
        try:
            with connection.execute_wrapper(partial(_limit_transaction, allowed)):
                super().handle(*args, **options)
        except DatabaseError as error:
            _explain(error, allowed)
            raise


def _explain(error: DatabaseError, allowed: int) -> None:
    """Raise OperationalError, which says why, if `error` is that of a limit."""
    reason = REASONS.get(getattr(error.__cause__, "sqlstate", None) or "")
    if reason:
        first = str(error).splitlines()[0]
        # A failed deploy shows the last line alone: it is this one.
        told = f"{first}: {reason.format(f'{allowed / 1000:g}')} (docs/deployment.md)"
        raise OperationalError(told) from error


def _limit_transaction(
    allowed: int,
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,
    context: dict[str, Any],
) -> Any:
    """Execute `sql`; in a transaction, within what is left of its `allowed` ms."""
    connection = context["connection"]
    if not connection.in_atomic_block:
        return execute(sql, params, many, context)
    _allow_the_rest(connection, allowed)
    result = execute(sql, params, many, context)
    # The pause that follows has what this statement left.
    _allow_the_rest(connection, allowed)
    return result


def _allow_the_rest(connection: BaseDatabaseWrapper, allowed: int) -> None:
    # After an error PostgreSQL takes nothing but the way back to a savepoint.
    if connection.connection.info.transaction_status.name == "INERROR":
        return
    # Not by a cursor of Django: its statements come here, too.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(ALLOW, [allowed])
