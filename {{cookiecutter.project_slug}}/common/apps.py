"""What all apps share."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class CommonConfig(AppConfig):
    """The app."""

    name = "common"

    def ready(self) -> None:
        """Teach SQLite, wherever it is used, and Django a lookup."""
        from common import lookups, sqlite  # noqa: F401

        connection_created.connect(sqlite.teach, dispatch_uid="common.sqlite")
