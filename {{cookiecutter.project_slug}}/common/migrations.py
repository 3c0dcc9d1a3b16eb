"""Migrations that keep a table open for its writers.

PostgreSQL builds an index beside them if told so (CONCURRENTLY), outside of a
transaction: such a migration says `atomic = False`. SQLite knows nothing of it.
"""

from django.db import DatabaseError, migrations
from django.db.migrations.operations.base import Operation

NO_TRIGRAMS = """
  {reason}
  Searching for a part of a text works all the same, but reads every row.
  To make it fast, let a superuser run `CREATE EXTENSION pg_trgm` here, and then:
    python manage.py migrate {app} {before} && python manage.py migrate"""


class AddIndexOnline(migrations.AddIndex):
    """`AddIndex`, without locking anybody out where the database can."""

    atomic = False

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        """Add the index."""
        if not _is_postgres(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        _drop_index(schema_editor, self.index.name)
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        """Drop the index."""
        if not _is_postgres(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        _drop_index(schema_editor, self.index.name)


class AddTrigramIndexes(Operation):
    """Indexes that find a part of a text, ignoring case. Only on PostgreSQL.

    They hold UPPER(column), for that is what `icontains` compares. No model knows
    of them, because other databases have nothing like them.
    """

    atomic = False
    reversible = True
    reduces_to_sql = True

    def __init__(self, table, columns, *, before):
        """Take the columns, and the migration before this one, to tell the way back."""
        self.table, self.columns, self.before = table, columns, before

    def state_forwards(self, app_label, state):
        """Change nothing: models do not know."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        """Add the indexes, unless the database has no trigrams: then say so."""
        if not _is_postgres(schema_editor):
            return
        try:
            # It comes with PostgreSQL and is "trusted" since 13: who may create
            # anything in this database may create it.
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            reason = str(error).splitlines()[0]
            print(NO_TRIGRAMS.format(reason=reason, app=app_label, before=self.before))
            return
        for column in self.columns:
            _drop_index(schema_editor, self._name(column))
            schema_editor.execute(
                f"CREATE INDEX CONCURRENTLY {self._name(column)} ON {self.table} "
                f"USING gin (UPPER({column}::text) gin_trgm_ops)"
            )

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        """Drop the indexes. The extension stays: others may use it."""
        if _is_postgres(schema_editor):
            for column in self.columns:
                _drop_index(schema_editor, self._name(column))

    def describe(self):
        """Return what `migrate --plan` says."""
        return f"Index the trigrams of {self.table} on PostgreSQL"

    def _name(self, column):
        return f"{self.table}_{column}_trigrams"


def _drop_index(schema_editor, name):
    # An interrupted CREATE INDEX CONCURRENTLY leaves one that is never used.
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _is_postgres(schema_editor):
    return schema_editor.connection.vendor == "postgresql"
