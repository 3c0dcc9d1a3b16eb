"""Logs each statement that took the database long, with the id of its request.

A statement's values stand in it as %s: what is logged is the code's own text, and
nobody's data. database_metrics.py times each statement.
"""

import logging
from typing import Any

from django.conf import settings

from common import request_ids

# Characters of a statement that are logged.
LONGEST = 1000
logger = logging.getLogger("library.database")


def log_if_slow(sql: Any, seconds: float) -> None:
    """Log a statement if the database took as long for it as the setting says."""
    milliseconds = round(seconds * 1000, 1)
    if milliseconds >= settings.SLOW_QUERY_MILLISECONDS:
        asked = request_ids.current()
        about = asked._asdict() if asked else {}
        about |= {"milliseconds": milliseconds, "statement": str(sql)[:LONGEST]}
        logger.warning("slow_query", extra={"fields": about})
