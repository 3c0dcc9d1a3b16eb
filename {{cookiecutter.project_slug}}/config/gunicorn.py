"""Gunicorn's settings, from the environment."""

import os
import sys
from typing import Any

from config import metrics_folder
from config import workers as processes
from config.environment import load_dotenv

# How many workers fit depends on what it says of Redis.
load_dotenv()

# The worker processes count together, in files that only this run uses. Whoever
# imports prometheus_client before this is set counts alone.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder.make()

wsgi_app = "config.wsgi:application"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(
    os.environ.get("WEB_CONCURRENCY")
    or processes.count_that_fit(
        os.cpu_count() or 1, processes.memory_limit(), os.environ.get("REDIS_URL")
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
# Behind a proxy that keeps connections, longer than the proxy does: whoever hangs up
# second loses the request that was on its way.
keepalive = int(os.environ.get("KEEP_ALIVE_SECONDS", "5"))
# Its control socket would be one more thing to guard.
control_socket_disable = True
accesslog = "-" if os.environ.get("ACCESS_LOG") else None


def child_exit(server: Any, worker: Any) -> None:
    """Let the counters of a worker that is gone count on."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_starting(server: Any) -> None:
    """Refuse to serve what Django's checks refuse, with one line for each reason."""
    from django.core import checks

    errors = [found for found in checks.run_checks() if found.is_serious()]
    for error in errors:
        print(error.msg, error.hint or "", file=sys.stderr)
    if errors:
        sys.exit(1)


def post_worker_init(worker: Any) -> None:
    """Open the stamps before the first reader needs them."""
    from caching.watching import open_stamps

    open_stamps()


def worker_exit(server: Any, worker: Any) -> None:
    """Let no worker take its pending invalidations along."""
    from caching.outage import pending

    pending.flush_at_exit()
