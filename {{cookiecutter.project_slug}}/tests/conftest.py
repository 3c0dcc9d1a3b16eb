"""The cast every test can ask for: a reader, another reader, a librarian, nobody."""

import pytest
from django.core.cache import cache

from tests.cast import Client
from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def _empty_cache():
    """Let no test see the throttle counts of another."""
    cache.clear()


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
