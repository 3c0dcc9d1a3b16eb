"""The hunt's side of a worker process."""

import os

from django.apps import AppConfig


class HuntConfig(AppConfig):
    """Watches what the cache layer does, or breaks it if that is asked for."""

    name = "lab.consistency"

    def ready(self):
        """Begin, before the worker processes are forked."""
        from lab.consistency import fault_points, history, sabotage

        sabotage.do(os.environ.get("HUNT_SABOTAGE", ""))
        fault_points.inject()
        history.Watcher(os.environ.get("HUNT_LEDGER", os.devnull)).watch()
