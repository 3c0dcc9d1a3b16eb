"""A real Prometheus on the project's own files: only addresses and times are others."""

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from monitoring.panels import WINDOW
from tests.live import ROOT
from tests.servers import Unavailable, wait_for_start
from tools.ports import free_port

SHIPPED = ROOT / "monitoring"
SCRAPE = "1s"
# Minutes of a day's work are seconds here.
SHORT = {"[5m]": "[6s]", "[1h]": "[2m]"}
# As long as any run: what a panel's rate looks back over.
WHOLE_RUN = "15m"


class Prometheus:
    """A Prometheus that runs at `address`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the series of an instant query, each with `metric` and `value`."""
        return self._get("query", query=query)["result"]

    def over_time(self, query: str, start: float, end: float) -> list[dict[str, Any]]:
        """Return the series of a query from `start` to `end`, with `values`."""
        times = {"start": start, "end": end, "step": "1s"}
        return self._get("query_range", query=query, **times)["result"]

    def rules(self) -> dict[str, str]:
        """Return {alert: the expression that it was loaded with}."""
        groups = self._get("rules")["groups"]
        return {each["name"]: each["query"] for one in groups for each in one["rules"]}

    def scrapes(self, job: str) -> int:
        """Return how often a job was scraped."""
        found = self.ask(f'count_over_time(up{{job="{job}"}}[{WHOLE_RUN}])')
        return int(found[0]["value"][1]) if found else 0

    def _get(self, what: str, **parameters: Any) -> dict[str, Any]:
        url = f"{self.address}/api/v1/{what}?{urlencode(parameters)}"
        with urlopen(url, timeout=60) as answer:
            return json.load(answer)["data"]


def over_the_run(expression: str) -> str:
    """Return a panel's expression with Grafana's variable filled in."""
    return expression.replace(WINDOW, WHOLE_RUN)


def totals(expression: str) -> str:
    """Return an expression over what was counted since the start, in place of rates."""
    return re.sub(r"\brate\(([^()\[\]]+)\[[^\]]+\]\)", r"\1", over_the_run(expression))


@contextlib.contextmanager
def running(
    folder: Path, jobs: list[dict[str, Any]], port: int = 0
) -> Iterator[Prometheus]:
    """Yield a Prometheus that scrapes these jobs and keeps its files in the folder.

    It listens at `port`; 0 is a free one. Raises Unavailable if there is no program.
    """
    _write(folder, jobs)
    port = port or free_port()
    command = [program("prometheus"), f"--config.file={folder / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    made = Prometheus(f"http://127.0.0.1:{port}")
    with serving(command, f"{made.address}/-/ready", folder / "prometheus.log"):
        yield made


@contextlib.contextmanager
def serving(
    command: list[str], url: str, log: Path, **options: Any
) -> Iterator[subprocess.Popen]:
    """Run a server until the block ends; it is there when `url` answers."""
    with open(log, "wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, **options)
    try:
        wait_for_start(process, partial(_answers, url), url, log)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def program(name: str) -> str:
    """Return the path of a program. Raises Unavailable if it is missing."""
    found = shutil.which(name)
    if not found:
        raise Unavailable(f"no {name}: install it (Debian: apt install {name})")
    return found


def _answers(url: str) -> bool:
    try:
        urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


def shipped_jobs(targets: dict[str, str]) -> list[dict[str, Any]]:
    """Return the jobs of prometheus.yml on these targets, {address there: address}."""
    text = (SHIPPED / "prometheus.yml").read_text("utf-8")
    for shipped, here in targets.items():
        if shipped not in text:
            raise RuntimeError(f"prometheus.yml has no target {shipped}")
        text = text.replace(shipped, here)
    jobs = yaml.safe_load(text)["scrape_configs"]
    # cAdvisor is no Debian package, and there are no containers here.
    return [each for each in jobs if each["job_name"] != "containers"]


def named_in(file: Path) -> list[dict[str, Any]]:
    """Return the API's job alone. Prometheus reads the file again when it changes."""
    files = {"files": [str(file.resolve())], "refresh_interval": SCRAPE}
    return [{"job_name": "api", "file_sd_configs": [files]}]


def _write(folder: Path, jobs: list[dict[str, Any]]) -> None:
    config = {
        "global": {"scrape_interval": SCRAPE, "evaluation_interval": SCRAPE},
        "rule_files": ["alerts.yml"],
        "scrape_configs": [each | {"scrape_interval": SCRAPE} for each in jobs],
    }
    _dump(folder / "prometheus.yml", config)
    _dump(folder / "alerts.yml", _short(yaml.safe_load(_alerts())))


def _alerts() -> str:
    text = (SHIPPED / "alerts.yml").read_text("utf-8")
    for long, short in SHORT.items():
        text = text.replace(long, short)
    return text


def _short(alerts: dict[str, Any]) -> dict[str, Any]:
    for group in alerts["groups"]:
        group["rules"] = [rule | {"for": "0s"} for rule in group["rules"]]
    return alerts


def _dump(path: Path, document: Any) -> None:
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
