"""`python -m monitoring`: writes the dashboards that Grafana reads."""

import json
from pathlib import Path

from monitoring.dashboards import DASHBOARDS
from monitoring.panels import document

FOLDER = Path(__file__).resolve().parent / "grafana/dashboards"


def texts() -> dict[str, str]:
    """Return {file name: what belongs into it}."""
    return {
        f"{each.name}.json": json.dumps(document(each), indent=2, ensure_ascii=False)
        + "\n"
        for each in DASHBOARDS
    }


if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
