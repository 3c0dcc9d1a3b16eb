"""A picture of each dashboard: what Grafana would show of a run."""

import math
import re
import time
from collections.abc import Sequence
from pathlib import Path

from lab.monitoring.checks import LEFT_OUT
from lab.monitoring.prometheus import Prometheus
from monitoring.dashboards import DASHBOARDS
from monitoring.panels import WINDOW, Dashboard, Panel, Query

# What a rate looks back over in a picture, and the picture itself; a run is short.
RATE, LOOK_BACK = "10s", "1h"
COLUMNS = 3
GREY = "#787878"
SETTINGS = {
    "font.size": 8,
    "text.color": GREY,
    "axes.labelcolor": GREY,
    "axes.edgecolor": GREY,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "axes.grid": True,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
}


ALERTS = Panel(
    "Alerts that fire",
    "울리는 알림",
    "short",
    (Query('max by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}"),),
)
# What moves when something breaks, in chapter 11's order.
MOVING = (
    *("Requests in flight", "Duration by route, p95", "Share of 5xx"),
    *("Workers that do not ask Redis", "Why the cache was bypassed"),
    *("Hit ratio, by view", "What may be stale: invalidations pending", "Release"),
)
PANELS = {panel.english: panel for each in DASHBOARDS for panel in each.panels}
FAULTS = Dashboard(
    "faults", "Faults", "고장", (*(PANELS[each] for each in MOVING), ALERTS)
)


def draw(
    prometheus: Prometheus, folder: Path, dashboards: Sequence[Dashboard] = DASHBOARDS
) -> list[Path]:
    """Draw what Prometheus has seen in the last hour; return the dashboards' files.

    Raises ValueError if it has seen nothing, OSError if it does not answer.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    times = _began(prometheus), time.time()
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{each.name}.png" for each in dashboards]
    # Colours that readers who see no red or no green can tell apart.
    with pyplot.style.context(["tableau-colorblind10", SETTINGS]):
        for each, file in zip(dashboards, files):
            figure = _figure(pyplot, each, prometheus, times)
            figure.savefig(file, dpi=80)
            pyplot.close(figure)
            _reduce(file)
    return files


def _began(prometheus: Prometheus) -> float:
    first = prometheus.ask(f"min_over_time(timestamp(up)[{LOOK_BACK}:1s])")
    if not first:
        raise ValueError("it has scraped nothing")
    return min(float(each["value"][1]) for each in first)


def _reduce(file: Path) -> None:
    """Write a picture with as few colours as it needs: a third of the bytes."""
    from PIL import Image

    with Image.open(file) as picture:
        reduced = picture.convert("RGB").quantize(48)
    reduced.save(file, optimize=True)


def _figure(pyplot, dashboard: Dashboard, prometheus: Prometheus, times):
    panels = [each for each in dashboard.panels if not _left_out(each)]
    rows = math.ceil(len(panels) / COLUMNS)
    figure, grid = pyplot.subplots(
        rows, COLUMNS, figsize=(12, 2.4 * rows), layout="constrained", squeeze=False
    )
    for axes, each in zip(grid.flat, panels):
        _panel(axes, each, prometheus, times)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    return figure


def _left_out(panel: Panel) -> bool:
    return any(name in each.expression for each in panel.queries for name in LEFT_OUT)


def _panel(axes, panel: Panel, prometheus: Prometheus, times) -> None:
    began, ended = times
    for query in panel.queries:
        expression = query.expression.replace(WINDOW, RATE)
        for series in prometheus.over_time(expression, began, ended):
            points = [(at - began, float(value)) for at, value in series["values"]]
            if any(value > 0 for _, value in points):
                _curve(axes, panel, points, _name(query, series["metric"]))
    # The fonts of a reader's machine may have no Korean.
    unit = f" ({panel.unit})" if panel.unit in ("s", "bytes") else ""
    axes.set_title(f"{panel.english}{unit}")
    axes.set_xlim(0, ended - began)
    # Room for the legend.
    axes.set_ylim(0, 1.4 * axes.get_ylim()[1])
    if axes.lines:
        axes.legend(fontsize=6, ncols=2, loc="upper left")


def _curve(axes, panel: Panel, points: list[tuple[float, float]], name: str) -> None:
    seconds, values = zip(*points)
    if panel is ALERTS:
        # All are 1 while they fire: a row for each, with gaps.
        row = [len(axes.lines) + 1] * len(points)
        axes.plot(seconds, row, "s", markersize=2, label=name)
    else:
        axes.plot(seconds, values, label=name)


def _name(query: Query, labels: dict[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), query.legend)
