"""Makes SQLite compare text as PostgreSQL does: ignoring case in every script.

SQLite's own LIKE ignores the case of ASCII letters only.
"""

import re
from functools import lru_cache

from django.db.backends.base.base import BaseDatabaseWrapper


def replace_like(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """Replace the LIKE of a new SQLite connection. (A signal's receiver.)"""
    if connection.vendor == "sqlite":
        connection.connection.create_function("LIKE", 3, like, deterministic=True)


def like(pattern: object, text: object, escape: str) -> bool | None:
    """Return whether `text` is LIKE `pattern`, ignoring case; None if one is NULL.

    The character after `escape` stands for itself.
    """
    if pattern is None or text is None:
        return None
    return _compiled(str(pattern), escape).fullmatch(str(text)) is not None


@lru_cache(256)
def _compiled(pattern: str, escape: str) -> re.Pattern[str]:
    wildcards = {"%": ".*", "_": "."}
    parts, characters = [], iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(next(characters, "")))
        else:
            parts.append(wildcards.get(character) or re.escape(character))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
