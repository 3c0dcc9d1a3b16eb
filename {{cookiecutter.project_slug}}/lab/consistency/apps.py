"""The hunt's side of a worker process."""

import os

from django.apps import AppConfig


class HuntConfig(AppConfig):
    """Watches what the cache layer does, or breaks it if that is asked for."""

    name = "lab.consistency"

    def ready(self):
        """Begin, before the worker processes are forked."""
        from lab.consistency import history, sabotage

        sabotage.do(os.environ.get("HUNT_SABOTAGE", ""))
        history.Watcher(os.environ["HUNT_LEDGER"]).watch()
