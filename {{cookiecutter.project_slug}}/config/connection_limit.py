"""Whether the database takes as many connections as two releases may open.

Each thread may keep one, and while a deploy switches, two releases run. A thread that
finds none left answers 503, but only once the API is busy: so a deploy checks it first.
"""

from django.db import connection

from config import workers
from config.pools import sizes

RELEASES, MIGRATION = 2, 1
# Connections that are reserved for administrators are not the API's to use.
ROOM = """
    SELECT sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::int)
    FROM pg_settings
    WHERE name = 'max_connections' OR name LIKE '%reserved_connections'
"""


def needed(processes: int, threads: int) -> int:
    """Return how many connections may be open during a deploy.

    `processes` are those of one release; of each, so many `threads` read.
    """
    return RELEASES * processes * sum(sizes(threads).values()) + MIGRATION


def problem() -> str | None:
    """Return in one line why the connections do not suffice; None if they do."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(ROOM)
        (room,) = cursor.fetchone()
    processes, threads = workers.processes(), workers.threads()
    if needed(processes, threads) <= room:
        return None
    fit = [each for each in range(1, threads) if needed(processes, each) <= room]
    accepted = f"WEB_THREADS up to {fit[-1]}" if fit else "fewer processes"
    return (
        f"{processes} processes (WEB_CONCURRENCY) with WEB_THREADS={threads} may need "
        f"{needed(processes, threads)} connections to the database during a deploy, "
        f"and it takes {room}; accepted: {accepted}"
    )
