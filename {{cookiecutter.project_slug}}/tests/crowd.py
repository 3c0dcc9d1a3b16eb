"""Runs many requests at the same moment, in threads; reads a table without a pause."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from django.db import connection, transaction

from tools.polling import wait_until

WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def all_at_once(actions, held=None):
    """Call the actions in threads that start together; return what they returned.

    On PostgreSQL the row `held` is locked until two of them wait. So whoever reads it
    without a lock has read it before another one writes it, by design and not by luck.
    """
    barrier = threading.Barrier(len(actions))

    def perform(action):
        barrier.wait(timeout=120)
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        with _held(held):
            futures = [pool.submit(perform, each) for each in actions]
        return [future.result() for future in futures]


@contextmanager
def _held(row):
    if row is None or connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        type(row).objects.select_for_update().get(pk=row.pk)
        yield
        wait_until(lambda: _waiting() >= 2, "two that wait for the row", 60)


def _waiting():
    with connection.cursor() as cursor:
        # Within a transaction, what the server does is looked up only once.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(WAITING)
        return cursor.fetchone()[0]


@contextmanager
def readers(url, seconds=2):
    """Read the books, waiting so long for a lock; yield a list of what failed."""
    failed, stop = [], threading.Event()

    def read():
        limit = f"-c lock_timeout={seconds}s"
        with psycopg.connect(url, autocommit=True, options=limit) as session:
            while not stop.is_set():
                try:
                    session.execute("SELECT count(*) FROM books_book")
                except psycopg.Error as error:
                    failed.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield failed
    finally:
        stop.set()
        for thread in threads:
            thread.join()
