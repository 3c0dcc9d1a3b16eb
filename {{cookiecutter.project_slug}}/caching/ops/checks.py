"""System checks that refuse settings with which the cache could not be exact."""

import re
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connection

from caching.conf import conf
from caching.stores import is_shared

# In the options of a connection to PostgreSQL.
STATEMENT = re.compile(r"-c statement_timeout=(\d+)s")


@register
def one_process_or_redis(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse several workers without Redis: they would miss each other's writes."""
    workers = getattr(settings, "WORKER_PROCESSES", 1)
    if workers == 1 or conf().redis_url:
        return []
    return [
        Error(
            f"WEB_CONCURRENCY is {workers}, "
            "but the in-process cache serves one worker.",
            hint="Set REDIS_URL, or WEB_CONCURRENCY=1 (threads are fine).",
            id="caching.E001",
        )
    ]


@register
def other_processes_are_seen(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn of a server that does not see what other processes write."""
    if is_shared():
        return []
    return [
        Warning(
            "Without REDIS_URL a running server does not see what other processes "
            "(manage.py, psql) write to this database, until CACHE_TTL is over.",
            hint="Set REDIS_URL, use an SQLite file, or restart the server afterwards.",
            id="caching.W001",
        )
    ]


@register
def times_agree(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse times that contradict each other.

    An intent must outlast the round trips of its write. If the holder of a lock dies,
    the others must wait until it expires, and then for the next holder's answer: else
    all of them compute.
    """
    given = conf()
    if given.lease > 2 * given.timeout and given.wait >= 2 * given.lock:
        return []
    return [
        Error(
            f"CACHING: lease is {given.lease}, timeout {given.timeout}, wait "
            f"{given.wait}, lock {given.lock}; accepted: lease > 2 × timeout, "
            "wait ≥ 2 × lock.",
            id="caching.E002",
        )
    ]


@register
def statements_end_before_their_intents(
    app_configs: Any, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of a lease that is no longer than a statement. (`manage.py` limits none.)"""
    options = connection.settings_dict.get("OPTIONS", {}).get("options", "")
    limit = max(map(int, STATEMENT.findall(options)), default=0)
    if conf().lease > limit:
        return []
    return [
        Warning(
            f"CACHE_LEASE is {conf().lease} s, DATABASE_STATEMENT_TIMEOUT {limit} s: "
            "what the database commits for a worker that was killed may stay unseen, "
            "until CACHE_TTL is over.",
            hint="Make the lease longer than a statement.",
            id="caching.W002",
        )
    ]


@register(deploy=True)
def page_is_off(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse the page /cache in production: everybody can look at it."""
    if not conf().page:
        return []
    return [
        Error(
            "CACHE_PAGE is on: everybody can watch each request at /cache.",
            hint="Set CACHE_PAGE=off, or leave it out with DEBUG off.",
            id="caching.E003",
        )
    ]
