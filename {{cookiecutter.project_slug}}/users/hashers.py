"""How passwords are hashed."""

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
    """Argon2id in the memory of a small container.

    Django's own takes 100 MiB a hash. These numbers are the first choice of OWASP's
    Password Storage Cheat Sheet, and a hash of other numbers still verifies: the next
    login stores it anew. Each process hashes one password at a time: a hash keeps a
    core busy, so more at once would only take more memory.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the hash."""
        return _in_turn(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether it is the password's hash."""
        return _in_turn(super().verify, password, encoded)


# One thread for all hashes, and not a lock: glibc keeps what a thread once took for
# that thread, so eight that hash in turn would end up with eight times the memory.
@lru_cache(1)
def _hashing_thread(process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="hashing")


_starting = threading.Lock()


def _in_turn(hashing: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    with _starting:
        # A forked worker has the executor of its parent, but not its thread.
        thread = _hashing_thread(os.getpid())
    return thread.submit(hashing, *arguments, **options).result()
