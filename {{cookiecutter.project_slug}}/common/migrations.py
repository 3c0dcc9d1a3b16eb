"""Migration operations: add indexes without blocking writes; bring texts into one form.

PostgreSQL can build an index while others write to the table (CREATE INDEX
CONCURRENTLY), but not in a transaction. So a migration that adds an index must
set `atomic = False`. On SQLite they add an ordinary index, or none.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.db import DatabaseError, migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

NO_TRIGRAMS = """
  {reason}
  Searching for a part of a text works all the same, but reads every row.
  To make it fast, let a superuser run `CREATE EXTENSION pg_trgm` here (it is one
  of PostgreSQL's contrib modules), and then:
    python manage.py migrate {app} {before} && python manage.py migrate"""

INVALID = (
    "{reason}; the index {name} is INVALID: no query uses it, and writes may pay for "
    "it; migrate again, which builds it anew, or DROP INDEX CONCURRENTLY {name}"
)


class AddIndexOnline(migrations.AddIndex):
    """`AddIndex`, without blocking writes on PostgreSQL."""

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Add the index. Raises DatabaseError, which names it if it is INVALID."""
        if not _is_postgres(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        # PostgreSQL's schema editor alone takes `concurrently`.
        add: Any = schema_editor.add_index
        build = partial(add, model, self.index, concurrently=True)
        _build_anew(schema_editor, self.index.name, build)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the index."""
        if not _is_postgres(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        _drop_index(schema_editor, self.index.name)


class AddPostgresIndexes(Operation):
    """Adds indexes of a kind that only PostgreSQL has, so that no model declares them.

    Each argument is an index: its name, and the SQL after ON in its CREATE INDEX.
    """

    atomic = False
    reversible = True
    reduces_to_sql = True

    def __init__(self, **indexes: str) -> None:
        self.indexes = indexes

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: no model declares these indexes."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Add the indexes. Raises DatabaseError, which names one that is INVALID."""
        if _is_postgres(schema_editor):
            for name, on in self.indexes.items():
                create = f"CREATE INDEX CONCURRENTLY {name} ON {on}"
                _build_anew(schema_editor, name, partial(schema_editor.execute, create))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the indexes."""
        if _is_postgres(schema_editor):
            for name in self.indexes:
                _drop_index(schema_editor, name)

    def describe(self) -> str:
        """Return the line that `migrate --plan` prints."""
        return f"On PostgreSQL, add the indexes {', '.join(self.indexes)}"


class AddTrigramIndexes(AddPostgresIndexes):
    """Adds indexes that find a part of a text, ignoring case.

    They index UPPER(column), because that is what `icontains` compares.
    """

    def __init__(self, table: str, columns: Iterable[str], *, before: str) -> None:
        """Take the table, its columns, and the name of the migration before this one.

        The message for a database without trigrams tells how to go back to `before`.
        """
        self.before = before
        on = f"{table} USING gin (UPPER({{}}::text) gin_trgm_ops)"
        super().__init__(**{f"{table}_{c}_trigrams": on.format(c) for c in columns})

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Add the indexes; print a message if the database has no trigrams."""
        if not _is_postgres(schema_editor):
            return
        try:
            # The extension comes with PostgreSQL and is "trusted" since version 13: any
            # user who may create objects in this database may create it.
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            reason = str(error).splitlines()[0]
            print(NO_TRIGRAMS.format(reason=reason, app=app_label, before=self.before))
            return
        super().database_forwards(app_label, schema_editor, from_state, to_state)


def _build_anew(
    schema_editor: BaseDatabaseSchemaEditor, name: str, build: Callable[[], None]
) -> None:
    try:
        # An interrupted CREATE INDEX CONCURRENTLY leaves an invalid index behind.
        _drop_index(schema_editor, name)
        build()
    except DatabaseError as error:
        if not _is_invalid(schema_editor.connection, name):
            raise
        reason = str(error).splitlines()[0]
        # A failed deploy shows the last line alone: it is this one.
        raise type(error)(INVALID.format(reason=reason, name=name)) from error


def _is_invalid(connection: BaseDatabaseWrapper, name: str) -> bool:
    """Return whether there is such an index that no query may use."""
    if not connection.is_usable():
        return False
    with connection.cursor() as cursor:
        invalid = "SELECT FROM pg_index WHERE NOT indisvalid AND indexrelid = "
        cursor.execute(f"{invalid}to_regclass(%s)", [name])
        return bool(cursor.rowcount)


def _drop_index(schema_editor: BaseDatabaseSchemaEditor, name: str) -> None:
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _is_postgres(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return schema_editor.connection.vendor == "postgresql"


class NormalizeTexts(Operation):
    """Brings the texts of rows that are there into their one form (common/text.py).

    `columns` are the names of a model's text columns. Rows that would have the same
    text in one of the `unique` columns stop the migration, with a line that names them.
    """

    # It changes rows: `sqlmigrate` must not look for them.
    reduces_to_sql = False
    reversible = True

    def __init__(self, model_name: str, columns: list[str], unique: list[str]) -> None:
        self.model_name, self.columns, self.unique = model_name, columns, unique

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: no model becomes another one."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Save the rows whose texts have another form. Raises DatabaseError."""
        model = from_state.apps.get_model(app_label, self.model_name)
        rows = model._base_manager.using(schema_editor.connection.alias)
        # All are compared before the first is written: a conflict is named, not met.
        first: dict[tuple[str, Any], Any] = {}
        changed = []
        for row in rows.order_by("pk").iterator():
            if self._bring_into_form(row):
                changed.append(row)
            self._refuse_same_text(row, first)
        for row in changed:
            row.save(update_fields=self.columns)

    def _bring_into_form(self, row: Any) -> bool:
        before = [getattr(row, name) for name in self.columns]
        fields = map(row._meta.get_field, self.columns)
        return before != [field.pre_save(row, False) for field in fields]

    def _refuse_same_text(self, row: Any, first: dict[tuple[str, Any], Any]) -> None:
        for name in self.unique:
            text = getattr(row, name)
            other = first.setdefault((name, text), row.pk)
            if other != row.pk:
                raise DatabaseError(
                    f"{row._meta.label} {other} and {row.pk} have the same {name} "
                    f"({text}): change one of them, and migrate again"
                )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Change nothing: the old code reads this form, too."""

    def describe(self) -> str:
        """Return what `migrate` shows."""
        return f"Bring the texts of {self.model_name} into one form"
