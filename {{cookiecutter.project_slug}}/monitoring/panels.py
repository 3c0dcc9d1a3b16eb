"""The few things that a dashboard is made of, and how Grafana writes them."""

from dataclasses import dataclass
from typing import Any

SOURCE = {"type": "prometheus", "uid": "prometheus"}
# Grafana's grid has 24 columns: three panels in a row.
WIDTH, HEIGHT, COLUMNS = 8, 8, 3
# How long a rate looks back; Grafana fills it in, never shorter than four scrapes.
WINDOW = "$__rate_interval"


@dataclass(frozen=True)
class Query:
    """A PromQL expression; `legend` names its curves, with {{label}} for a label."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One graph. Its title is in both languages; `unit` is one of Grafana's names."""

    english: str
    korean: str
    unit: str
    queries: tuple[Query, ...]

    @property
    def title(self) -> str:
        """Both titles."""
        return f"{self.english} · {self.korean}"


@dataclass(frozen=True)
class Dashboard:
    """One page of panels. `name` is its file's name, and its address in Grafana."""

    name: str
    english: str
    korean: str
    panels: tuple[Panel, ...]

    @property
    def title(self) -> str:
        """Both titles."""
        return f"{self.english} · {self.korean}"


def document(dashboard: Dashboard) -> dict[str, Any]:
    """Return the dashboard as Grafana's JSON."""
    return {
        "uid": f"library-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["library"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "panels": [_panel(*each) for each in enumerate(dashboard.panels)],
        # The way from one dashboard to the others.
        "links": [{"type": "dashboards", "tags": ["library"], "keepTime": True}],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, COLUMNS)
    place = {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [_target(*each) for each in zip("ABCD", panel.queries)],
    }


def _target(letter: str, query: Query) -> dict[str, Any]:
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
    }
