"""Refuses configurations under which the cache could not be exact."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from caching.conf import conf


@register
def one_process_or_redis(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The in-process store serves one worker: others would not hear of writes."""
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
def times_agree(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An intent outlasts a write's round trips, and waiting outlasts a dead holder."""
    given = conf()
    if given.lease > 2 * given.timeout and given.wait >= given.lock:
        return []
    return [
        Error(
            f"CACHING: lease is {given.lease}, timeout {given.timeout}, wait "
            f"{given.wait}, lock {given.lock}; accepted: lease > 2 × timeout, "
            "wait ≥ lock.",
            id="caching.E002",
        )
    ]
