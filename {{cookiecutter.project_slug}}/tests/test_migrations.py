"""A migration runs while the release before it still serves, and must not break it.

`docs/deployment.md` tells how to spread a change that breaks this over releases.
"""

from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext
from django_migration_linter import MigrationLinter
from django_migration_linter.sql_analyser import (
    PostgresqlAnalyser,
    analyse_sql_statements,
)

# Apps whose code lies in this project, and not in .venv.
OURS = [
    app.label
    for app in apps.get_app_configs()
    if Path(app.path).parent == settings.BASE_DIR
]
# Migrations that drop what no release uses any more: "0007_drop_title", # since v1.8
CONTRACTING = []

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="servers run PostgreSQL"
    ),
]


def refused(operation):
    """Return the codes for which the lint refuses a migration of the books app."""
    state = MigrationLoader(connection).project_state()
    migration = migrations.Migration("9999_example", "books")
    migration.operations = [operation]
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(state, editor, collect_sql=True)
    errors, _, _ = analyse_sql_statements(PostgresqlAnalyser, editor.collected_sql)
    return {issue.code for issue in errors}


def test_the_running_release_can_live_with_every_migration():
    linter = MigrationLinter(
        str(settings.BASE_DIR),
        include_apps=OURS,
        ignore_name=CONTRACTING,
        no_cache=True,
        quiet=[],
    )
    linter.lint_all_migrations()
    assert linter.nb_total >= len(OURS)
    assert linter.nb_erroneous == 0, "see the output above"


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        ("RENAME_COLUMN", migrations.RenameField("book", "title", "name")),
        ("DROP_COLUMN", migrations.RemoveField("book", "publisher")),
        ("RENAME_TABLE", migrations.RenameModel("Book", "Volume")),
        (
            "NOT_NULL",
            migrations.AddField("book", "shelf", models.TextField(default="")),
        ),
    ],
)
def test_what_breaks_the_running_release_is_refused(code, operation):
    assert code in refused(operation)


@pytest.mark.parametrize(
    "field",
    [models.TextField(null=True), models.TextField(db_default="")],
    ids=["may be null", "has a database default"],
)
def test_a_column_that_the_running_release_need_not_know_is_accepted(field):
    assert refused(migrations.AddField("book", "shelf", field)) == set()


def test_to_write_a_migration_as_sql_no_row_is_read():
    """Later the table may have other columns than that migration knows."""
    with CaptureQueriesContext(connection) as captured:
        call_command("sqlmigrate", "books", "0004", stdout=StringIO())
    assert [query for query in captured if "books_book" in query["sql"]] == []
