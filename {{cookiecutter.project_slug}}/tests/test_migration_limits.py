"""A migration that holds a table is refused before a reader gives up."""

import re
import subprocess
import sys

import psycopg
import pytest

from tests import live, servers
from tests.crowd import readers
from tests.left_out import or_left_out

LIMIT = {"MIGRATION_STATEMENT_TIMEOUT": "1"}
HOLD = 'migrations.RunSQL("LOCK TABLE books_book")'
LONG = 'migrations.RunSQL("SELECT pg_sleep(20)")'
SHORT = 'migrations.RunSQL("SELECT pg_sleep(0.4)")'
THINK = "migrations.RunPython(lambda apps, editor: time.sleep(3))"
MIGRATION = """
import time
from django.db import IntegrityError, migrations, transaction

def add_twice(apps, editor):
    tag = apps.get_model("books", "Tag")
    for _ in range(2):
        try:
            with transaction.atomic():
                tag.objects.create(name="only once")
        except IntegrityError:
            print("refused once")

class Migration(migrations.Migration):
    dependencies = [("books", "0001_initial")]
    operations = [{}]
"""
SETTINGS = """
from config.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "slow"]
"""
# Each has a PostgreSQL of its own, whichever the tests run on.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def server():
    with or_left_out(), servers.own_postgres() as url:
        yield url


@pytest.fixture
def database(server):
    with servers.new_database(server) as url:
        yield url


@pytest.fixture
def slow(tmp_path, database):
    """Return a function that adds an app of these operations, and migrates."""

    def migrate(*operations, **environment):
        package = tmp_path / "slow" / "migrations"
        package.mkdir(parents=True)
        for folder in (package, package.parent):
            (folder / "__init__.py").touch()
        migration = MIGRATION.format(", ".join(operations))
        (package / "0001_initial.py").write_text(migration)
        (tmp_path / "with_slow.py").write_text(SETTINGS)
        env = live.environment(database, PYTHONPATH=str(tmp_path), **environment)
        env["DJANGO_SETTINGS_MODULE"] = "with_slow"
        command = [sys.executable, "manage.py", "migrate"]
        given = {"cwd": live.ROOT, "env": env, "text": True, "check": False}
        return subprocess.run(command, capture_output=True, **given)

    return migrate


@pytest.mark.parametrize(
    "operations",
    [[HOLD, LONG], [HOLD, *[SHORT] * 12], [HOLD, THINK, SHORT]],
    ids=["one long statement", "many short statements", "Python between statements"],
)
def test_no_reader_fails_because_of_a_migration(slow, database, operations):
    live.manage("migrate", "--verbosity=0", env=live.environment(database))
    with readers(database) as failed:
        done = slow(*operations, **LIMIT)
    assert done.returncode == 1
    # While it works or, on a busy machine, between two statements.
    ended = "(canceling statement due to statement|idle-in-transaction) timeout"
    last = done.stderr.splitlines()[-1]
    assert re.search(f"{ended}: a migration may hold a table for 1 s", last), last
    assert failed == []


@pytest.mark.parametrize(
    "operations",
    [[HOLD, LONG], [HOLD, SHORT, THINK]],
    ids=["a long statement", "Python after a statement"],
)
def test_readers_who_wait_for_less_fail_no_more(slow, database, operations):
    live.manage("migrate", "--verbosity=0", env=live.environment(database))
    with readers(database, seconds=1) as failed:
        done = slow(*operations, DATABASE_LOCK_TIMEOUT="1", **LIMIT)
    assert failed == []
    assert done.returncode == 1
    assert "a migration may hold a table for 0.75 s" in done.stderr.splitlines()[-1]


def test_a_lock_that_somebody_has_is_named(slow, database):
    live.manage("migrate", "--verbosity=0", env=live.environment(database))
    with psycopg.connect(database) as other, readers(database) as failed:
        other.execute("SELECT count(*) FROM books_book")
        done = slow(HOLD, **LIMIT)
    assert done.stderr.splitlines()[-1].startswith(
        "django.db.utils.OperationalError: canceling statement due to lock timeout: "
        "somebody uses the table"
    )
    assert failed == []


def test_a_migration_may_fail_in_a_savepoint_and_go_on(slow, database):
    live.manage("migrate", "--verbosity=0", env=live.environment(database))
    done = slow("migrations.RunPython(add_twice)", **LIMIT)
    assert "Applying slow.0001_initial...refused once\n OK" in done.stdout, done.stderr


def test_another_failure_is_told_as_it_is(slow, database):
    live.manage("migrate", "--verbosity=0", env=live.environment(database))
    done = slow('migrations.RunSQL("SELECT pg_sleep(nothing)")', **LIMIT)
    assert 'column "nothing" does not exist' in done.stderr
    assert "may hold a table" not in done.stderr


def test_a_longer_limit_is_for_the_whole_migration(slow, database):
    live.manage("migrate", "--verbosity=0", env=live.environment(database))
    done = slow(HOLD, *[SHORT] * 6, MIGRATION_STATEMENT_TIMEOUT="60")
    assert "Applying slow.0001_initial... OK" in done.stdout


def test_an_empty_database_has_no_readers(slow):
    done = slow(HOLD, *[SHORT] * 6, **LIMIT)
    assert "Applying slow.0001_initial... OK" in done.stdout


def test_a_limit_that_is_no_number_is_refused_in_a_line(slow):
    done = slow(HOLD, MIGRATION_STATEMENT_TIMEOUT="soon")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "MIGRATION_STATEMENT_TIMEOUT is 'soon'; accepted: a whole number from 0"
    )
