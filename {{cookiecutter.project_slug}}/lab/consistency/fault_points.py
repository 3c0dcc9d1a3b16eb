"""Faults inside a worker process, at named points of the cache layer.

`CACHE_FAULTS="after-commit:kill:0.02 before-keep:sleep:0.1:0.05"` kills the process in
2 % of the cases at the first point, and holds it up for 50 ms in 10 % of the cases at
the second. A file's name after the seconds (`before-keep:sleep:1:4:build/asleep`) is
there while somebody is held up. It is read once, when the process starts. The points
are wrapped around the cache layer's functions from outside: production code does not
contain them.
"""

import functools
import os
import random
import signal
import time
from pathlib import Path


def _kill():
    os.kill(os.getpid(), signal.SIGKILL)


def _sleep(seconds, file=None):
    if file:
        Path(file).touch()
    time.sleep(float(seconds))
    if file:
        Path(file).unlink(missing_ok=True)


def _parse(text):
    faults = {}
    for item in text.split():
        name, what, share, *arguments = item.split(":")
        faults[name] = (float(share), what, *arguments)
    return faults


if _faults := _parse(os.environ.get("CACHE_FAULTS", "")):

    def point(name):
        """Fail here as often as CACHE_FAULTS says."""
        share, what, *arguments = _faults.get(name, (0, "sleep", 0))
        if random.random() < share:
            {"kill": _kill, "sleep": _sleep}[what](*arguments)

else:

    def point(name):
        """Do nothing."""


def inject():
    """Put each point in front of the function that it is named after."""
    from caching import reads, writes

    writes.after_commit = _behind("after-commit", writes.after_commit)
    reads.store_entry = _behind("before-keep", reads.store_entry)


def _behind(name, function):
    @functools.wraps(function)
    def fail_first(*arguments):
        point(name)
        return function(*arguments)

    return fail_first
