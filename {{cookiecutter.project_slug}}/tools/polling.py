"""Waits for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PAUSE = 0.02


def wait_until(
    check: Callable[[], Found], what: str = "a condition", seconds: float = 180
) -> Found:
    """Call `check` again and again; return the first true value that it returns.

    Raises TimeoutError after `seconds`, naming `what` was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(PAUSE)
    return found
