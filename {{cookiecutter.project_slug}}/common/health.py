"""Asks the services that this process depends on."""

import logging

from django.db import DatabaseError, connection

from caching.stores import get_store

logger = logging.getLogger(__name__)


def database_answers() -> bool:
    """Return whether the database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError as error:
        logger.error("The database is unreachable: %s", error)
        return False


def cache_answers() -> bool:
    """Return whether the cache's store answers."""
    return get_store().ping()


def summary(*, database: bool, cache: bool) -> str:
    """Return the status: without the cache the API is only slower."""
    if not database:
        return "unavailable"
    return "ok" if cache else "degraded"
