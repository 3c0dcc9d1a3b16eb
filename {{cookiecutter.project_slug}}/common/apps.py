"""What the apps share."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class CommonConfig(AppConfig):
    """The app `common`."""

    name = "common"

    def ready(self) -> None:
        """Make every SQLite connection compare text as PostgreSQL does."""
        from common import sqlite

        connection_created.connect(sqlite.replace_like, dispatch_uid="common.sqlite")
