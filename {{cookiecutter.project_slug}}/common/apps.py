"""What the apps share."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class CommonConfig(AppConfig):
    """The app `common`."""

    name = "common"

    def ready(self) -> None:
        """Make SQLite compare text as PostgreSQL does; log events and slow queries."""
        from common import event_hooks, slow_queries, sqlite  # noqa: F401

        connection_created.connect(sqlite.replace_like, dispatch_uid="common.sqlite")
