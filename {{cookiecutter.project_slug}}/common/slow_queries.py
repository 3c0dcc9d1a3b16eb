"""Logs each statement that the database took long for, with the id of its request.

A statement's values stand in it as %s: what is logged is the code's own text, and
nobody's data. CommonConfig connects `watch`.
"""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from common import request_ids

# Characters of a statement that are logged.
LONGEST = 1000
logger = logging.getLogger("library.database")


def watch(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Watch the statements of a connection from now on."""
    if _watched not in connection.execute_wrappers:
        # The first: who adds one for a while takes the last away.
        connection.execute_wrappers.insert(0, _watched)


def _watched(execute: Callable[..., Any], sql: Any, *arguments: Any) -> Any:
    began = perf_counter()
    try:
        return execute(sql, *arguments)
    finally:
        milliseconds = round((perf_counter() - began) * 1000, 1)
        if milliseconds >= settings.SLOW_QUERY_MILLISECONDS:
            _log(str(sql), milliseconds)


def _log(statement: str, milliseconds: float) -> None:
    asked = request_ids.current()
    about = asked._asdict() if asked else {}
    about |= {"milliseconds": milliseconds, "statement": statement[:LONGEST]}
    logger.warning("slow_query", extra={"fields": about})
