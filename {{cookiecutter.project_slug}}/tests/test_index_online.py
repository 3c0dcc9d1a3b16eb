"""An index whose building is cut off: the migration says what it leaves behind."""

import pytest
from django.db import OperationalError, connection, models
from django.db.migrations.loader import MigrationLoader

from common.migrations import AddIndexOnline, AddPostgresIndexes

NAME = "tried_online"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
OPERATIONS = {
    "of a model": AddIndexOnline("loan", models.Index(fields=["user"], name=NAME)),
    "of PostgreSQL alone": AddPostgresIndexes(**{NAME: "loans_loan (user_id)"}),
}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="servers run PostgreSQL"
    ),
]


@pytest.fixture
def cursor(db):
    """Wait for locks a moment, as a migration does, and drop the index at the end."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '1s'")
        yield cursor
        cursor.execute(f"DROP INDEX IF EXISTS {NAME}")
    connection.close()


@pytest.fixture
def reader(cursor):
    """Read the table in a transaction that stays open, as pg_dump does."""
    other = connection.copy()
    with other.cursor() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM loans_loan")
        yield reader
    other.close()


def migrate(operation):
    before = MigrationLoader(connection).project_state()
    after = before.clone()
    operation.state_forwards("loans", after)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("loans", editor, before, after)


def valid(cursor):
    """Return None without an index, else whether queries may use it."""
    cursor.execute(VALID, [NAME])
    found = cursor.fetchone()
    return found and found[0]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_what_is_cut_off_is_named_and_built_anew(operation, cursor, reader):
    # The second time it is what the first has left that can't be dropped.
    for _ in range(2):
        with pytest.raises(OperationalError) as raised:
            migrate(operation)
        assert valid(cursor) is False
        (line,) = str(raised.value).splitlines()
        assert line.startswith("canceling statement due to lock timeout; ")
        assert f"the index {NAME} is INVALID" in line
        assert line.endswith(f"DROP INDEX CONCURRENTLY {NAME}")
    reader.execute("COMMIT")
    migrate(operation)
    assert valid(cursor) is True


def test_a_failure_that_leaves_nothing_is_told_as_it_is(cursor):
    wrong = AddPostgresIndexes(**{NAME: "loans_loan (shelf)"})
    with pytest.raises(Exception, match='column "shelf" does not exist') as raised:
        migrate(wrong)
    assert "INVALID" not in str(raised.value)
    assert valid(cursor) is None
