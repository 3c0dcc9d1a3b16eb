"""Runs many requests at the same moment, in threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

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
