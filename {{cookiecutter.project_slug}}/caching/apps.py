"""The cache layer as a Django app."""

from django.apps import AppConfig
from django.core.signals import request_finished
from django.db.models.signals import post_migrate, pre_migrate


class CachingConfig(AppConfig):
    """The app `caching`."""

    name = "caching"

    def ready(self) -> None:
        """Register checks and counters, and receivers of Django's signals."""
        from caching import change_log, writes
        from caching.conf import conf
        from caching.ops import checks, metrics  # noqa: F401

        request_finished.connect(writes.end_write, dispatch_uid="caching")
        pre_migrate.connect(change_log.before_migrations)
        post_migrate.connect(change_log.after_migrations)
        if conf().page:
            from caching.page import recorder

            recorder.connect()
