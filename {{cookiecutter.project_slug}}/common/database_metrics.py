"""Times database queries and counts connections: `db_client_…` in /metrics.

The names and labels are OpenTelemetry's semantic conventions for databases, as
Prometheus writes them. CommonConfig imports this file.
"""

import threading
import weakref
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.core.signals import request_finished
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from prometheus_client import Gauge, Histogram

from common.slow_queries import log_if_slow

OPERATIONS = ("SELECT", "INSERT", "UPDATE", "DELETE")
OTHER = "OTHER"
DURATION = Histogram(
    "db_client_operation_duration_seconds",
    "How long the database took for a query.",
    ["db_operation_name"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
CONNECTIONS = Gauge(
    "db_client_connection_count",
    "Open connections to the database.",
    multiprocess_mode="livesum",
)
BY_OPERATION = {name: DURATION.labels(name) for name in (*OPERATIONS, OTHER)}

# The connections so far: each thread has its own.
_seen: "weakref.WeakSet[BaseDatabaseWrapper]" = weakref.WeakSet()
_lock = threading.Lock()


@receiver(connection_created, dispatch_uid="common.database_metrics")
def watch(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Time the queries of a connection from now on."""
    if _timed not in connection.execute_wrappers:
        # First in the list: Django's execute_wrapper() removes the last one.
        connection.execute_wrappers.insert(0, _timed)
    with _lock:
        _seen.add(connection)
    count_connections()


# Django has no signal for a closed connection. It closes them when a request ends.
@receiver(request_finished, dispatch_uid="common.database_metrics")
def count_connections(**kwargs: Any) -> None:
    """Count the connections that are open now."""
    with _lock:
        CONNECTIONS.set(sum(each.connection is not None for each in _seen))


def _timed(execute: Callable[..., Any], sql: Any, *arguments: Any) -> Any:
    began = perf_counter()
    try:
        return execute(sql, *arguments)
    finally:
        seconds = perf_counter() - began
        _of(sql).observe(seconds)
        log_if_slow(sql, seconds)


def _of(sql: Any) -> Histogram:
    # psycopg's own composed SQL is no text.
    name = sql.lstrip()[:6].upper() if isinstance(sql, str) else OTHER
    return BY_OPERATION.get(name, BY_OPERATION[OTHER])
