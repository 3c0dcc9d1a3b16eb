"""The hunt's side of a worker process."""

import os

from django.apps import AppConfig


class HuntConfig(AppConfig):
    """Watches what the cache layer does, or breaks it if that is asked for."""

    name = "hunt"

    def ready(self):
        """Begin, before the worker processes are forked."""
        from hunt import faults, ledger, sabotage

        sabotage.do(os.environ.get("HUNT_SABOTAGE", ""))
        faults.inject()
        ledger.Watcher(os.environ.get("HUNT_LEDGER", os.devnull)).watch()
