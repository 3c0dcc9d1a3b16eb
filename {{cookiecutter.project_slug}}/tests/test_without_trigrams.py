"""A PostgreSQL that allows no extensions makes searching slower, and nothing else."""

import contextlib
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from tests import live

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="servers run PostgreSQL"
)
MADE = "SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%_trigrams'"


@pytest.fixture
def url(trigrams, tmp_path):
    """Yield the URL of a database whose user may create tables and nothing else."""
    role = f"weak_{uuid4().hex}"
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(live.database(tmp_path))
        owner = stack.enter_context(psycopg.connect(url, autocommit=True))
        owner.execute(f"CREATE ROLE {role}")
        stack.callback(owner.execute, f"DROP ROLE {role}")
        stack.callback(owner.execute, f"DROP OWNED BY {role}")
        owner.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        # New connections have that role.
        name = urlsplit(url).path.lstrip("/")
        owner.execute(f"ALTER DATABASE {name} SET ROLE {role}")
        yield url, owner


def test_migrating_says_what_is_missing_and_how_to_get_it(url):
    url, owner = url
    env = live.environment(url)
    said = live.manage("migrate", env=env)
    assert 'permission denied to create extension "pg_trgm"' in said
    assert "migrate books 0002 && python manage.py migrate" in said
    assert owner.execute(MADE).fetchone() == (0,)

    owner.execute("CREATE EXTENSION pg_trgm")
    live.manage("migrate", "books", "0002", env=env)
    live.manage("migrate", env=env)
    assert owner.execute(MADE).fetchone() == (2,)
