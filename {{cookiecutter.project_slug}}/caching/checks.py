"""Refuses configurations under which the cache could not be exact."""

from django.conf import settings
from django.core.checks import Error, register

from caching.conf import conf


@register
def one_process_or_redis(app_configs, **kwargs):
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
def times_agree(app_configs, **kwargs):
    """A lease outlasts what it covers, and who waits outlasts a dead leader."""
    given = conf()
    if given.lease > 2 * given.timeout and given.wait >= given.lead:
        return []
    return [
        Error(
            f"CACHING: lease is {given.lease}, timeout {given.timeout}, wait "
            f"{given.wait}, lead {given.lead}; accepted: lease > 2 × timeout, "
            "wait ≥ lead.",
            id="caching.E002",
        )
    ]
