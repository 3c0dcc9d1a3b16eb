"""Gunicorn's settings, from the environment."""

import os
<<<<<<< HEAD
import sys
import tempfile
from pathlib import Path

from prometheus_client import multiprocess

# The worker processes count together, in files that only this run uses.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="metrics-"))

# Memory of one worker under load, in bytes: 75 MiB measured, and room to grow.
WORKER_BYTES = 110 * 1024**2
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_limit():
    """Return the container's memory limit in bytes; infinity if it has none."""
    for path in MEMORY_LIMITS:
        if path.is_file() and path.read_text().strip().isdecimal():
            return int(path.read_text())
    return float("inf")


def fitting_workers(cpus, memory, shared_cache):
    """Return how many workers the CPUs and the memory (bytes) are enough for.

    Without a cache that they share, more than one would answer from stale copies.
    """
    if not shared_cache:
        return 1
    return int(max(1, min(cpus, memory // WORKER_BYTES)))


def freeze_what_is_shared(server, worker):
    """Take what was loaded before the fork out of the garbage collector's rounds."""
    gc.freeze()

=======
import tempfile

from prometheus_client import multiprocess

from config import workers as processes

# The worker processes count together, in files that only this run uses.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")
>>>>>>> deploy

wsgi_app = "config.wsgi:application"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(
    os.environ.get("WEB_CONCURRENCY")
    or processes.that_fit(
        os.cpu_count(), processes.memory_limit(), os.environ.get("REDIS_URL")
    )
)
# The settings must know, whoever chose: the cache behaves differently beside others.
os.environ["WEB_CONCURRENCY"] = str(workers)
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
# Settings that refuse to start stop the whole server at once, not worker by worker.
preload_app = True
post_fork = processes.freeze
# Heartbeats go through memory: a slow disk must not look like a hung worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
timeout = 30
graceful_timeout = 20
keepalive = 5
# Its control socket would be one more thing to guard.
control_socket_disable = True
accesslog = "-" if os.environ.get("ACCESS_LOG") else None


def child_exit(server, worker):
    """Let the counters of a worker that is gone count on."""
    multiprocess.mark_process_dead(worker.pid)


def on_starting(server):
    """Refuse to serve what Django's checks refuse, with one line for each reason."""
    from django.core import checks

    errors = [found for found in checks.run_checks() if found.is_serious()]
    for error in errors:
        print(error.msg, error.hint or "", file=sys.stderr)
    if errors:
        sys.exit(1)


def post_worker_init(worker):
    """Open the stamps before the first reader needs them."""
    from caching.watching import open_stamps

    open_stamps()
