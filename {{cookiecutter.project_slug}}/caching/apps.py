"""The cache layer as a Django app."""

from django.apps import AppConfig
from django.core.signals import request_finished


class CachingConfig(AppConfig):
    """The app `caching`."""

    name = "caching"

    def ready(self) -> None:
        """Register checks and counters; end an open write when its request ends."""
        from caching import writes
        from caching.ops import checks, metrics  # noqa: F401

        request_finished.connect(writes.end_write, dispatch_uid="caching")
