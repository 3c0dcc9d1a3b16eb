"""Gunicorn's settings, from the environment."""

import os
import sys
from typing import Any

from config import metrics_folder
from config import workers as fitting
from config.environment import boolean, load_dotenv

# The number of workers below depends on REDIS_URL, which may stand in .env.
load_dotenv()

# The worker processes add up their counters in files of this folder, one folder a run.
# It must be set before prometheus_client is imported.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder.make()
metrics_folder.remember_process()

wsgi_app = "config.wsgi:application"
host = os.environ.get("HOST", "127.0.0.1")
# An IPv6 address has colons of its own.
host = f"[{host}]" if ":" in host and not host.startswith("[") else host
bind = f"{host}:{os.environ.get('PORT', '8000')}"
# A title and an author of 255 Hangul each are longer than the default, 4094 bytes.
limit_request_line = 8190
workers = fitting.processes()
# For Django's settings: several workers need a cache that they share.
os.environ["WEB_CONCURRENCY"] = str(workers)
threads = fitting.threads()
# Threads that no slow client holds, and errors in the API's shape.
worker_class = "config.buffered.Worker"
# No header decides below which prefix the API is: it is at its root.
forwarder_headers = ""
# Load the app before forking: then a bad setting stops the server at once, instead of
# each worker in turn.
preload_app = True
post_fork = fitting.freeze
# Workers report through a file that they are alive. On a slow disk a healthy worker
# would look hung, so the file is in memory.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
timeout = 30
graceful_timeout = 20
# A worker is replaced after so many requests, before what it leaks can add up. It ends
# as when the server stops: it answers what it has, and loses nothing. Not all at once.
max_requests = int(os.environ.get("MAX_REQUESTS", "50000"))
max_requests_jitter = max_requests // 10
# Seconds. Behind a proxy that keeps connections open, this must be longer than the
# proxy's own limit: else we may close a connection just as it sends a request.
keepalive = int(os.environ.get("KEEP_ALIVE_SECONDS", "5"))
# Nobody uses the control socket, and it would have to be protected.
control_socket_disable = True
# The image switches it on. "-" is the standard output.
accesslog = "-" if boolean("ACCESS_LOG") else None
logger_class = "config.access_log.Log"


def post_request(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    """Let what is logged between two requests carry no request's id; note the gc."""
    from common import request_ids

    request_ids.forget()
    worker.collections.note()
    worker.hits.note(req, environ)


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counts of a worker that has ended, and drop its gauges."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_starting(server: Any) -> None:
    """Run Django's checks; print one line for what matters; exit on errors."""
    from django.core import checks

    found = checks.run_checks()
    errors = [each for each in found if each.is_serious()]
    # Of the warnings only these: the cache would not be exact.
    inexact = ("caching.W001", "caching.W002")
    for each in [*errors, *(each for each in found if each.id in inexact)]:
        print(each.msg, each.hint or "", file=sys.stderr)
    if errors:
        sys.exit(1)


def post_worker_init(worker: Any) -> None:
    """Make missing stamps now, so that their quarantine ends before readers come."""
    from caching.watching import open_stamps
    from config.metrics import Collections

    worker.collections = Collections()
    open_stamps()


def worker_exit(server: Any, worker: Any) -> None:
    """Flush the worker's pending invalidations before it ends."""
    from caching.outage import pending

    pending.flush_at_exit()
