"""The cache layer as a Django app."""

from django.apps import AppConfig
from django.core.signals import request_finished


class CachingConfig(AppConfig):
    """Connects what holds for all apps."""

    name = "caching"

    def ready(self) -> None:
        """Register the checks and the counters, and end writes with their request."""
        from caching import writes
        from caching.ops import checks, metrics  # noqa: F401

        request_finished.connect(writes.end_write, dispatch_uid="caching")
