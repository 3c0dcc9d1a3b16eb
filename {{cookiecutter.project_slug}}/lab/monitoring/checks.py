"""Every query gives numbers, and they agree with what the load counted itself."""

import math
import re
from collections.abc import Iterator
from typing import Any

from lab.monitoring.load import Load
from lab.monitoring.prometheus import Prometheus, over_the_run, totals
from monitoring import api, cache
from monitoring.dashboards import DASHBOARDS
from monitoring.panels import WINDOW, Panel, Query

# No containers here, so nothing about any. The rest is proved.
LEFT_OUT = ("container_cpu_usage_seconds_total", "container_memory_working_set_bytes")
# The load and the faults move everything but this.
STILL = "cache_overdue_total"
RATE, STATUS = "Requests a second", "http_response_status_code"
THRESHOLD = re.compile(r" (==|<|>) [\d.]+$")

# Queries as a slip of the pen makes them. Each must be found wrong.
BROKEN = (
    Query(f"sum(rate(no_such_metric_total[{WINDOW}]))"),
    Query('up{job="no such job"}'),
    Query("sum by (no_such_label) (up)", "{{no_such_label}}"),
    Query("0 / (up - up)"),
    Query("up - up", "{{job}}"),
)


def every_query(prometheus: Prometheus) -> tuple[int, list[str]]:
    """Return how many queries of panels and alerts were tried, and what is wrong."""
    queries = [
        (f"{each.name}: {panel.english}", query)
        for each in DASHBOARDS
        for panel in each.panels
        for query in panel.queries
        if not any(name in query.expression for name in LEFT_OUT)
    ]
    queries += [
        (f"alert {name}", Query(THRESHOLD.sub("", expression)))
        for name, expression in prometheus.rules().items()
        if THRESHOLD.search(expression)
    ]
    wrong = [
        f"{where}: {problem} ({query.expression})"
        for where, query in queries
        for problem in _problems(prometheus, query)
    ]
    return len(queries), wrong


def unnoticed(prometheus: Prometheus) -> list[str]:
    """Return the broken queries that these checks would let pass."""
    return [
        f"nobody notices {each.expression}"
        for each in BROKEN
        if not list(_problems(prometheus, each))
    ]


def _problems(prometheus: Prometheus, query: Query) -> Iterator[str]:
    found = prometheus.ask(over_the_run(query.expression))
    values = [float(each["value"][1]) for each in found]
    # The hit ratio of a view that nobody reads is no number.
    numbers = [value for value in values if math.isfinite(value)]
    if not found:
        yield "gives nothing"
    elif not numbers:
        yield "gives no number"
    # An alert's, which has no legend, may be 0 by now.
    elif query.legend and not any(numbers) and STILL not in query.expression:
        yield "shows nothing of what happened"
    for label in re.findall(r"{{(\w+)}}", query.legend):
        if any(not each["metric"].get(label) for each in found):
            yield f"no label {label}"


def agreement(prometheus: Prometheus, load: Load) -> list[tuple[str, Any, Any]]:
    """Return (what, the load's number, Prometheus's number) for all that it counted."""

    def shown(title: str, label: str) -> dict[str, float]:
        return _totals(prometheus, title, label)

    results = shown("Cached reads a second, by result", "result")
    loans = shown("Loans a second", "action")
    events = shown("Security events a second", "event")
    waited = shown("Stampedes prevented: reads that waited, a second", "")
    refused = shown("Requests refused unread, a second", "status")
    reads, provoked = load.by_result(), load.provoked
    return [
        _some(
            "requests by route", load.routes, shown(f"{RATE}, by route", "http_route")
        ),
        # Health checks and Prometheus's own requests are answered with 200, too.
        _some(
            "answers by status", load.unlike_200(), shown(f"{RATE}, by status", STATUS)
        ),
        _some(
            "hit ratio by view", load.hit_ratios(), shown("Hit ratio, by view", "view")
        ),
        ("HIT", reads["HIT"], results["hit"] + results["wait"]),
        ("MISS", reads["MISS"], results["miss"]),
        ("BYPASS", reads["BYPASS"], results["bypass"]),
        ("304", provoked["304"], results[""]),
        ("waited", provoked["waited"], waited[""]),
        ("borrowed", provoked["borrowed"], loans["borrowed"]),
        ("returned", provoked["returned"], loans["returned"]),
        ("no copy left", provoked["no copy left"], loans[""]),
        ("failed logins", provoked["failed logins"], events["failed_login"]),
        ("413", provoked["413"], refused["413"]),
    ]


def _some(what: str, counted: dict[str, float], shown: dict[str, float]):
    # What the load has not provoked, others may have.
    return what, dict(counted), {name: shown.get(name) for name in counted}


def _totals(prometheus: Prometheus, title: str, label: str) -> dict[str, float]:
    found = [
        each
        for query in _panel(title).queries
        for each in prometheus.ask(totals(query.expression))
    ]
    return {each["metric"].get(label, ""): float(each["value"][1]) for each in found}


def _panel(title: str) -> Panel:
    panels = (*api.API.panels, *cache.CACHE.panels)
    return next(each for each in panels if each.english == title)
