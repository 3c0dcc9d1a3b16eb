"""Waits for what another process does."""

import time

PAUSE = 0.1


def wait_until(check, what, seconds):
    """Call `check` until it returns a true value; gives that value.

    Errors: TimeoutError after `seconds`, naming what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(PAUSE)
    return found
