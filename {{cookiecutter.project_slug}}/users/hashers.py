"""Password hashing."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import ParamSpec, TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher

P = ParamSpec("P")
T = TypeVar("T")


class FrugalArgon2(Argon2PasswordHasher):
    """Argon2id with little memory, for a small container.

    Django's default takes 100 MiB a hash; this takes 19 MiB (`memory_cost` is in KiB).
    The parameters are the first choice of OWASP's Password Storage Cheat Sheet. A hash
    with other parameters still verifies, and the next login replaces it. Each process
    hashes one password at a time: one hash keeps a core busy, so two at once would only
    take twice the memory.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the password's hash."""
        return _in_turn(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether `encoded` is the password's hash."""
        return _in_turn(super().verify, password, encoded)


# All hashes run on one thread. A lock would not do: glibc keeps freed memory for the
# thread that allocated it, so each thread that has hashed would keep a hash's memory.
@lru_cache(1)
def _hashing_thread(process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="hashing")


_starting = threading.Lock()


def _in_turn(hashing: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    with _starting:
        # By process id: a forked worker inherits the executor, but not its thread.
        thread = _hashing_thread(os.getpid())
    return thread.submit(hashing, *arguments, **options).result()
