"""`manage.py cachestats`: shows the hit ratio of a running server."""

from collections import defaultdict
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from django.core.management.base import BaseCommand, CommandError, CommandParser
from prometheus_client.parser import text_string_to_metric_families

RESULTS = ("hit", "wait", "miss", "bypass")


class Command(BaseCommand):
    """Reads /metrics of a running server and prints its hit ratio."""

    help = "Show the cache's counters and hit ratio, from a running server's /metrics."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address of the server."""
        parser.add_argument("--url", default="http://localhost:8000/metrics")

    def handle(self, *, url: str, **options: Any) -> None:
        """Print a line for each result, the hit ratio, and what was invalidated."""
        counts = self._counts(url)
        reads = {name: counts.get(("cache_reads_total", name), 0) for name in RESULTS}
        total = sum(reads.values())
        for name, count in reads.items():
            share = f"{count / total:6.1%}" if total else "     –"
            self.stdout.write(f"{name:<14}{count:>12.0f}  {share}")
        served = reads["hit"] + reads["wait"]
        ratio = f"{served / total:.1%}" if total else "no reads yet"
        self.stdout.write(f"hit ratio     {ratio:>12}")
        for (name, label), count in sorted(counts.items()):
            if name != "cache_reads_total" and (count or not label):
                self.stdout.write(f"{name} {label}".ljust(34) + f"{count:>8.0f}")

    def _counts(self, url: str) -> dict[tuple[str, str], float]:
        """Return {(name, label's value): count}; reads have their result as a label."""
        try:
            with urlopen(url, timeout=5) as answer:
                text = answer.read().decode()
        except (URLError, OSError, ValueError) as error:
            if isinstance(error, HTTPError):
                error.close()
            raise CommandError(f"{url} does not answer: {error}") from error
        counts: dict[tuple[str, str], float] = defaultdict(float)
        for family in text_string_to_metric_families(text):
            for name, labels, count, *_ in family.samples:
                if name.startswith("cache_") and name.endswith("_total"):
                    # Of all views together.
                    one = {label: labels[label] for label in labels if label != "view"}
                    counts[name, "".join(one.values())] += count
        return counts
