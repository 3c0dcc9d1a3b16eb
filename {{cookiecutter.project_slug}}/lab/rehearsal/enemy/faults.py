"""What goes wrong on the server while a block runs: a lock, a full disk, no Redis."""

import contextlib

from tools.polling import wait_until

REDIS = "library-redis-1"
# Others can read the table, and that is all. The first two would end the lock early.
LOCK = (
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; BEGIN; "
    "LOCK TABLE books_book IN EXCLUSIVE MODE; SELECT pg_sleep({}); COMMIT"
)
IS_LOCKED = (
    "SELECT 1 FROM pg_locks WHERE granted AND mode = 'ExclusiveLock' "
    "AND relation = 'books_book'::regclass"
)
LONG_READ = "BEGIN; SELECT 1 FROM books_book LIMIT 1; SELECT pg_sleep({}); COMMIT"
READS = (
    "FROM pg_stat_activity "
    "WHERE query LIKE '%LIMIT 1; SELECT pg_sleep%' AND pid <> pg_backend_pid()"
)
DATA = "/var/lib/library"
FILL = """\
cd {data}
if ! df --output=source . | grep -q loop; then
  echo "no loop device: the data has no disk of its own" >&2; exit 1
fi
free=$(df --output=avail --block-size=1 . | tail -n 1)
fallocate -l "$((free - {but} - 1048576))" filled
[ {but} != 0 ] || dd if=/dev/zero of=filled-too bs=4k 2>/dev/null || true"""


@contextlib.contextmanager
def table_read(host, seconds):
    """Read the table of books for `seconds`; the block may be shorter."""
    psql = ("psql", "--username=library", "--command", LONG_READ.format(seconds))
    with host.beginning("docker", "exec", "library-db-1", *psql):
        wait_until(lambda: host.sql(f"SELECT 1 {READS}"), "the long read", 10)
        try:
            yield
        finally:
            host.sql(f"SELECT pg_terminate_backend(pid) {READS}")


@contextlib.contextmanager
def table_locked(host, seconds):
    """Hold the table of books locked for `seconds`; the block may be shorter."""
    psql = ("psql", "--username=library", "--command", LOCK.format(seconds))
    with host.beginning("docker", "exec", "library-db-1", *psql):
        wait_until(lambda: host.sql(IS_LOCKED), "the lock", 10)
        yield


@contextlib.contextmanager
def disk_filled(host, but=0):
    """Leave no byte free on the data's disk; or about so many MiB.

    PostgreSQL has room for 16 MB of WAL, so that it is tables that can't grow. Without
    any, it stops until there is room again.
    """
    for query in ("SELECT pg_switch_wal()", "CHECKPOINT"):
        host.sql(query)
    try:
        host.inside("sh", "-c", FILL.format(data=DATA, but=but * 1024**2))
        yield
    finally:
        host.inside("sh", "-c", f"rm -f {DATA}/filled*")


@contextlib.contextmanager
def redis_stopped(host):
    """Stop Redis, and start it again."""
    host.inside("docker", "stop", REDIS)
    try:
        yield
    finally:
        host.inside("docker", "start", REDIS)
