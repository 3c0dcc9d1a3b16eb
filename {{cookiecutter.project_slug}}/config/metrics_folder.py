"""The folder in which the processes of one server add up their counters."""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "library-metrics-"


def make() -> str:
    """Make a folder that is removed when this process ends, and return its path.

    A server that is killed leaves its folder behind. The next start removes that here.
    """
    _remove_stale()
    folder = _lock_new()
    # Workers are forks of this process: they run this too, and must not remove it.
    atexit.register(_remove_if, folder, os.getpid())
    return str(folder)


def remember_process() -> None:
    """Let prometheus_client ask for the process's id once, and not at each count.

    The folder must be set. A hit counts eight times, and the system takes half a
    microsecond to answer.
    """
    from prometheus_client import values

    process = os.getpid()

    def after_fork() -> None:
        nonlocal process
        process = os.getpid()

    os.register_at_fork(after_in_child=after_fork)
    values.ValueClass = values.MultiProcessValue(lambda: process)


def _lock_new() -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Another server that starts right now may take it for stale and remove it.
        with contextlib.suppress(OSError):
            _lock(folder)
            if folder.exists():
                return folder


def _lock(folder: Path) -> int:
    """Lock the folder, and return the file descriptor that holds the lock.

    The lock ends when the descriptor is closed here and in all forks. Raises OSError if
    another server holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_stale() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # OSError: it is in use, or another user's.
        with contextlib.suppress(OSError):
            descriptor = _lock(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _remove_if(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
