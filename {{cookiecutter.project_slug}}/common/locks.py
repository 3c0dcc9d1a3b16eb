"""How long readers wait for a table: whoever changes it must be done before."""

from django.db.backends.utils import CursorWrapper

# Milliseconds; 0 is no limit. What the connection began with: DATABASE_LOCK_TIMEOUT.
LIMIT = "SELECT reset_val::int FROM pg_settings WHERE name = 'lock_timeout'"
# Readers without that limit give up, too: a statement has one of its own.
LONGEST = 2000


def patience(cursor: CursorWrapper) -> int:
    """Return for how many milliseconds readers wait for a lock. PostgreSQL only.

    The API must have the same DATABASE_LOCK_TIMEOUT as this process.
    """
    cursor.execute(LIMIT)
    return min(cursor.fetchone()[0] or LONGEST, LONGEST)
