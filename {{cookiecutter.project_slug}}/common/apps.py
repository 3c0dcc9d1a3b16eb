"""What the apps share."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class CommonConfig(AppConfig):
    """The app `common`."""

    name = "common"

    def ready(self) -> None:
        """Make SQLite compare text as PostgreSQL does; record events, time queries."""
        from common import database_metrics, event_hooks, sqlite  # noqa: F401

        connection_created.connect(sqlite.replace_like, dispatch_uid="common.sqlite")
