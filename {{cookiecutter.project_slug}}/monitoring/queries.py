"""What most queries are: rates and quantiles of counters and histograms."""

from monitoring.panels import WINDOW, Panel, Query


def rate(counter: str, labels: str = "", *, by: str = "") -> str:
    """Return the query for a counter's growth a second, summed up by these labels."""
    chosen = f"{{{labels}}}" if labels else ""
    return f"sum{_by(by)}(rate({counter}{chosen}[{WINDOW}]))"


def quantile(share: float, histogram: str, by: str = "") -> str:
    """Return the query for what this share of the observations stays below."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', by=labels)})"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else " "


def panel(english: str, korean: str, unit: str, *queries: tuple[str, str]) -> Panel:
    """Return a panel; each query is an expression and a legend."""
    return Panel(english, korean, unit, tuple(Query(*each) for each in queries))
