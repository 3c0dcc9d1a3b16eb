"""The consistency test inside a worker process."""

import os

from django.apps import AppConfig


class ConsistencyConfig(AppConfig):
    """Records what the cache layer does; injects faults into it if asked to."""

    name = "lab.consistency"

    def ready(self):
        """Begin, before the worker processes are forked."""
        from lab.consistency import fault_points, history, sabotage

        sabotage.apply(os.environ.get("CONSISTENCY_SABOTAGE", ""))
        fault_points.inject()
        path = os.environ.get("CONSISTENCY_HISTORY", os.devnull)
        history.Recorder(path).connect()
