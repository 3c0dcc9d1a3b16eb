"""Asks the services that this process depends on."""

import logging
import uuid

from django.core.cache import cache
from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)


def database_answers():
    """Return whether the database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except DatabaseError as error:
        logger.error("The database is unreachable: %s", error)
        return False


def cache_answers():
    """Return whether the cache gives back what was put into it."""
    probe = uuid.uuid4().hex
    cache.set("health-check", probe, timeout=10)
    return cache.get("health-check") == probe


def summary(*, database, cache):
    """Return the status: without the cache the API is only slower."""
    if not database:
        return "unavailable"
    return "ok" if cache else "degraded"
