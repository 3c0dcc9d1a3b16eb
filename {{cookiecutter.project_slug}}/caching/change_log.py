"""The change log: what an SQLite database notes by itself of every change.

Triggers on the watched tables write it, in the transaction of the change. So it is
exact whoever writes: this server, `manage.py shell`, `loaddata`, the sqlite3 program.

    caching_change    id  name    change
                      17  books   42:title
                      18  users   7:is_active

`change` is a Change as text (see stamps.py). The store reads what is new in the log
before it answers (stores/sqlite.py).
"""

from collections.abc import Iterator
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from caching.stamps import ANY, Change, Changes

TABLE = "caching_change"
# The latest changes are kept: at least KEPT. A reader who missed some trusts nothing.
KEPT, PRUNE_EVERY = 10_000, 1_000
CREATE_TABLE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, change TEXT NOT NULL
)"""
ADD = f"INSERT INTO {TABLE} (name, change)"
FIND_TRIGGERS = r"""
SELECT name, sql FROM sqlite_master
WHERE type = 'trigger' AND name LIKE 'caching\_%' ESCAPE '\'"""
FIND_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"

# The statements that make the triggers, by the table that each is on.
_triggers: dict[str, dict[str, str]] = {
    TABLE: {
        "caching_prune": f"CREATE TRIGGER caching_prune AFTER INSERT ON {TABLE} "
        f"WHEN NEW.id % {PRUNE_EVERY} = 0 BEGIN "
        f"DELETE FROM {TABLE} WHERE id <= NEW.id - {KEPT}; END"
    }
}


def log_rows(model: type[models.Model], name: str) -> None:
    """Let SQLite log each change of the model's rows as one of the table `name`."""
    options = model._meta
    pk, replaced = f'"{options.pk.column}"', _replaced(model, name)
    steps = {
        "BEFORE INSERT": replaced,
        "BEFORE UPDATE": replaced and f"{replaced} AND {pk} IS NOT OLD.{pk}",
        "AFTER INSERT": f"{ADD} VALUES ('{name}', NEW.{pk} || ':{ANY}')",
        "AFTER DELETE": f"{ADD} VALUES ('{name}', OLD.{pk} || ':{ANY}')",
        "AFTER UPDATE": f"{ADD} SELECT '{name}', CASE WHEN OLD.{pk} IS NEW.{pk} "
        f"THEN OLD.{pk} || ':' || fields ELSE '{ANY}:{ANY}' END "
        f"FROM (SELECT {_changed_fields(model)} AS fields) WHERE fields <> ''",
    }
    _add_triggers(options.db_table, steps)


def log_links(
    model: type[models.Model], field: "models.ManyToManyField[Any, Any]", name: str
) -> None:
    """Let SQLite log each change of a many-to-many field of the model."""
    own = f'"{field.m2m_column_name()}"'
    old, new = (
        f"{ADD} VALUES ('{name}', {row}.{own} || ':{field.name}')"
        for row in ("OLD", "NEW")
    )
    steps = {"INSERT": new, "DELETE": old, "UPDATE": f"{old}; {new}"}
    after = {f"AFTER {event}": step for event, step in steps.items()}
    _add_triggers(field.m2m_db_table(), after)


def install(session: Any) -> None:
    """Make the log and all triggers of the tables that exist.

    `session` is a connection of the driver, in no transaction.
    """
    if is_installed(session):
        return
    session.execute("BEGIN IMMEDIATE")
    try:
        session.execute(CREATE_TABLE)
        _drop_triggers(session)
        tables = {name for (name,) in session.execute(FIND_TABLES)}
        for table in tables & _triggers.keys():
            for statement in _triggers[table].values():
                session.execute(statement)
        session.execute("COMMIT")
    except BaseException:
        session.execute("ROLLBACK")
        raise


def is_installed(session: Any) -> bool:
    """Return whether the database logs every change of every watched table."""
    wanted: dict[str, str] = {}
    for each in _triggers.values():
        wanted |= each
    return dict(session.execute(FIND_TRIGGERS).fetchall()) == wanted


def before_migrations(using: str, plan: list[Any], **kwargs: object) -> None:
    """Remove the triggers: SQLite drops no column that one of them names.

    A receiver of `pre_migrate`. Meanwhile nobody reads the cache.
    """
    if plan and using == DEFAULT_DB_ALIAS and is_shared_file(connections[using]):
        connections[using].ensure_connection()
        _drop_triggers(connections[using].connection)


def after_migrations(using: str, **kwargs: object) -> None:
    """Make the triggers that are missing. A receiver of `post_migrate`."""
    if using == DEFAULT_DB_ALIAS and is_shared_file(connections[using]):
        connections[using].ensure_connection()
        install(connections[using].connection)


def is_shared_file(connection: BaseDatabaseWrapper) -> bool:
    """Return whether other processes may open the same SQLite database."""
    # Only SQLite's connections have this method.
    in_memory = getattr(connection, "is_in_memory_db", lambda: True)
    return not in_memory()


def add_to_log(changes: Changes) -> None:
    """Log changes that no trigger sees, for the other processes to find."""
    rows = [(name, str(change)) for name, change in changes.items()]
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.executemany(f"{ADD} VALUES (%s, %s)", rows)


def parse_log(rows: list[tuple[int, str, str]]) -> Changes:
    """Return the changes in these rows of the log."""
    changes: dict[str, Change] = {}
    for _, name, text in rows:
        change = Change.parse(text)
        changes[name] = changes.get(name, change) | change
    return changes


def _add_triggers(table: str, steps: dict[str, str]) -> None:
    named = _triggers.setdefault(table, {})
    for event, step in steps.items():
        if step:
            name = f"caching_{table}_{event.lower().replace(' ', '_')}"
            named[name] = (
                f'CREATE TRIGGER "{name}" {event} ON "{table}" BEGIN {step}; END'
            )


def _drop_triggers(session: Any) -> None:
    for name, _ in session.execute(FIND_TRIGGERS).fetchall():
        session.execute(f'DROP TRIGGER "{name}"')


def _changed_fields(model: type[models.Model]) -> str:
    """Return an expression: the names of the fields that an update changes."""
    # COLLATE, because a column's own order may call different texts equal.
    parts = [
        f'CASE WHEN OLD."{field.column}" IS NOT NEW."{field.column}" COLLATE BINARY '
        f"THEN '{field.name},' ELSE '' END"
        for field in model._meta.local_concrete_fields
    ]
    return f"rtrim({' || '.join(parts)}, ',')"


def _replaced(model: type[models.Model], name: str) -> str:
    """Return a statement that logs the rows which REPLACE removes, or nothing.

    SQLite fires no delete trigger for them.
    """
    same = " OR ".join(_same_values(model))
    pk, table = model._meta.pk.column, model._meta.db_table
    found = f"{ADD} SELECT '{name}', \"{pk}\" || ':{ANY}' FROM \"{table}\""
    return f"{found} WHERE ({same})" if same else ""


def _same_values(model: type[models.Model]) -> Iterator[str]:
    # A row with the same primary key is logged by the other triggers.
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            yield f'"{field.column}" = NEW."{field.column}"'
