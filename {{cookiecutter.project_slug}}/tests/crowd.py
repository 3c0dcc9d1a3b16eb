"""Runs many requests at the same moment, in threads; reads a table without a pause."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from django.db import connection


def all_at_once(actions):
    """Call the actions in threads that start together; return what they returned."""
    barrier = threading.Barrier(len(actions))

    def perform(action):
        barrier.wait(timeout=120)
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [
            future.result() for future in [pool.submit(perform, a) for a in actions]
        ]


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
