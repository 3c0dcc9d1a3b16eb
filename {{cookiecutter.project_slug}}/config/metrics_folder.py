"""The folder in which a server's processes count together; it goes with the server."""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "library-metrics-"


def make() -> str:
    """Return a new folder, which is removed when this process ends.

    A killed server leaves its folder behind; that is removed here, at the next start.
    """
    _remove_stale()
    folder = _lock_new()
    # Workers are forks of this process, and end earlier.
    atexit.register(_remove_if, folder, os.getpid())
    return str(folder)


def _lock_new() -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Another server that starts just now may have taken it for a stale one.
        with contextlib.suppress(OSError):
            _lock(folder)
            if folder.exists():
                return folder


def _lock(folder: Path) -> int:
    """Return a file descriptor; while it is open, here or in a worker, nobody else
    gets one. Raises OSError if somebody has one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_stale() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # One in use, or another user's.
        with contextlib.suppress(OSError):
            descriptor = _lock(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _remove_if(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
