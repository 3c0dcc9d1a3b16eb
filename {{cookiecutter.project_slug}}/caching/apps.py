"""The cache layer as a Django app."""

from django.apps import AppConfig
from django.core.signals import request_finished


class CachingConfig(AppConfig):
    """Connects what holds for all apps."""

    name = "caching"

    def ready(self):
        """Register the system check, and finish writes with their request."""
        from caching import checks, writes  # noqa: F401

        request_finished.connect(writes.request_finished, dispatch_uid="caching")
