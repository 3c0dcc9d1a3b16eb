"""Fixtures of all tests: clients of readers and librarians, and the cache's stores."""

import contextlib

import pytest
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.signals import post_migrate
from hypothesis import HealthCheck, settings

from common import request_ids
from tests import caches, servers
from tests.clients import Client
from tests.factories import UserFactory
from tests.left_out import leave_out, or_left_out

caches.remember_connections()

# A busy machine is no failure: Hypothesis would give each example 200 ms. And the
# fixtures here are for all examples of a test.
settings.register_profile(
    "untimed",
    parent=settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("untimed")


def pytest_addoption(parser):
    """Add an option for those who are in a hurry."""
    parser.addoption("--quick", action="store_true", help="leave out the long tests")


def pytest_collection_modifyitems(config, items):
    """Leave out the long tests, if asked to."""
    if config.getoption("quick"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="long: run without --quick"))


def pytest_terminal_summary(terminalreporter):
    """Say which of the tests that passed show nothing on SQLite."""
    if connection.vendor != "sqlite":
        return
    passed = terminalreporter.getreports("passed")
    if tests := [each for each in passed if "row_locks" in each.keywords]:
        said = f"NOT TRIED, row locks: SQLite has none ({len(tests)} passed without). "
        said += "make test tries them on PostgreSQL."
        terminalreporter.write_line(said, yellow=True, bold=True)


@pytest.fixture(autouse=True)
def _empty_cache():
    """Let no test see the throttle counts, the answers, or the request of another."""
    request_ids.forget()
    # A test that empties the tables, or is rolled back, takes the remembered rows away.
    ContentType.objects.clear_cache()
    caches.empty()
    yield
    caches.close_connections()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """Let no test make Django's permissions anew after it has emptied the database.

    Nothing here asks for one, and they take longer than most tests.
    """
    post_migrate.disconnect(
        dispatch_uid="django.contrib.auth.management.create_permissions"
    )
    post_migrate.disconnect(create_contenttypes)


@pytest.fixture
def reader(db):
    """Return a client of a reader."""
    return Client(UserFactory(username="reader"))


@pytest.fixture
def other_reader(db):
    """Return a client of another reader."""
    return Client(UserFactory(username="other"))


@pytest.fixture
def librarian(db):
    """Return a client of a librarian."""
    return Client(UserFactory(username="librarian", is_staff=True))


@pytest.fixture
def nobody(db):
    """Return a client without a token."""
    return Client()


@pytest.fixture
def trigrams(db):
    """Leave the test out where PostgreSQL came without its contrib modules."""
    there = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"
    with connection.cursor() as cursor:
        cursor.execute(there)
        if not cursor.fetchone():
            leave_out("no pg_trgm: install PostgreSQL's contrib modules")


@pytest.fixture(scope="session")
def redis_url():
    """Yield the address of a real Redis; without one the test is left out, loudly."""
    with or_left_out(), servers.redis() as url:
        yield url


@pytest.fixture
def own_redis():
    """Return a function like servers.own_redis; without one the test is left out."""
    with contextlib.ExitStack() as stack:

        def start(*arguments):
            with or_left_out():
                return stack.enter_context(servers.own_redis(*arguments))

        yield start


@pytest.fixture(params=["memory", "redis"])
def store(request, settings, transactional_db):
    """Return the empty store; the test runs once with each kind."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    settings.CACHING = caches.caching(url)
    return caches.empty()


@pytest.fixture
def redis_store(settings, transactional_db, redis_url):
    """Return the empty store in Redis."""
    settings.CACHING = caches.caching(redis_url)
    return caches.empty()
