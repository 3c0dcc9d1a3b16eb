"""GET /metrics: what all processes of the server have counted, as Prometheus reads it.

prometheus_client adds up their counters and histograms, and the gauges of those that
live (config/metrics_folder.py). With several processes it leaves out memory, CPU time
and garbage collections: so the first two are read from Linux here, and each worker
counts its own collections.
"""

import gc
import os
import platform
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    disable_created_metrics,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

BUILD = Gauge(
    "library_build_info",
    "Always 1: what runs here.",
    ["release", "python", "django"],
    multiprocess_mode="livemax",
)
BUILD.labels(settings.RELEASE, platform.python_version(), django.__version__).set(1)
# No registry: in a single process, prometheus_client's own metric has this name.
COLLECTIONS = Counter(
    "python_gc_collections", "Garbage collections.", ["generation"], registry=None
)
# No `_created` series: they exist only where there is a single process.
disable_created_metrics()

PROC = Path("/proc")
# Fields of /proc/PID/stat after the name (proc(5)): CPU ticks of the process, in its
# code and in the kernel, the same of its children that ended; and pages in memory.
CPU, ENDED, MEMORY = slice(11, 13), slice(13, 15), slice(21, 22)
# Seconds between two looks at the garbage collector.
PAUSE = 1.0


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return what was counted, as text."""
    text = generate_latest(_registry())
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    if values.ValueClass.__name__ != "MmapedValue":
        return REGISTRY
    registry = CollectorRegistry()
    registry.register(Files())
    registry.register(Workers())
    return registry


class Files(Collector):
    """What the processes have counted in their files, added up.

    A new process makes a file, and gives it its size a moment later. An empty one would
    be an error to prometheus_client.
    """

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of all files that have begun."""
        begun = [str(file) for file in _folder().glob("*.db") if _size(file)]
        yield from multiprocess.MultiProcessCollector.merge(begun)


class Workers(Collector):
    """Memory and CPU time of all workers together, on Linux only.

    Memory that workers share is counted for each of them. The CPU time of workers that
    ended stays in the sum: Linux adds it to their parent's.
    """

    def collect(self) -> Iterator[Metric]:
        """Yield the two sums."""
        parent = os.getppid()
        stats = {process: _stat(process) for process in _living()}
        ended = sum(stats.pop(parent, [])[ENDED])
        if not any(stats.values()):
            return
        ticks = sum(sum(stat[CPU]) for stat in stats.values()) + ended
        pages = sum(sum(stat[MEMORY]) for stat in stats.values())
        yield GaugeMetricFamily(
            "process_resident_memory_bytes",
            "Memory of the workers; what they share is counted for each.",
            value=pages * os.sysconf("SC_PAGE_SIZE"),
        )
        yield CounterMetricFamily(
            "process_cpu_seconds",
            "CPU time of the workers, of those that ended as well.",
            value=ticks / os.sysconf("SC_CLK_TCK"),
        )


class Collections:
    """Counts this process's garbage collections.

    Not by `gc.callbacks`: they would be called in the middle of anything, and also
    while this thread holds the lock that counters take.
    """

    def __init__(self) -> None:
        self.next, self.lock = 0.0, threading.Lock()
        # A worker is a fork: what its parent collected does not count.
        self.counted = _collections()
        # The first count makes this process's files, by which _living() finds it.
        self.note()

    def note(self) -> None:
        """Count the collections since the last time, at most once a second."""
        if time.monotonic() < self.next:
            return
        with self.lock:
            self.next = time.monotonic() + PAUSE
            before, self.counted = self.counted, _collections()
            for generation, collections in enumerate(self.counted):
                new = collections - before[generation]
                COLLECTIONS.labels(generation).inc(new)


def _collections() -> list[int]:
    return [generation["collections"] for generation in gc.get_stats()]


def _living() -> set[int]:
    """Return the ids of the server's processes, its workers' parent among them."""
    # The file of a process's gauges is removed when it has ended.
    names = (each.name for each in _folder().glob("gauge_livesum_*.db"))
    return {int(re.sub(r"\D", "", name)) for name in names}


def _folder() -> Path:
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])


def _size(file: Path) -> int:
    """Return a file's bytes; 0 if it is gone."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _stat(process: int) -> list[int]:
    """Return the fields of /proc/PID/stat after the name; none if there is no such."""
    try:
        text = (PROC / str(process) / "stat").read_text()
    except OSError:
        return []
    # The first is a letter.
    return [0, *map(int, text.rpartition(")")[2].split()[1:])]
