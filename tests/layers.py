"""Tests that a run leaves out: the run says so, and in CI they fail."""

import os
import re

import pytest

IN_CI = bool(os.environ.get("CI"))
# Tests in these folders need Docker, root, a simulated AWS, or minutes.
DEEP_FOLDERS = ("tests/deploy/", "tests/foreign/", "tests/terraform/")
# A line of a failed run of pytest inside a test; how many lines of them are shown.
INNER = re.compile(r"^(?:E +)?((?:FAILED|ERROR|SUBFAILED\S*) \S.*)", re.MULTILINE)
SHOWN = 12
HOW = "deep tests, and the project's own long ones: make test ARGS=--deep"


def leave_out(reason):
    """Skip the running test because something is missing; in CI it fails."""
    (pytest.fail if IN_CI else pytest.skip)(reason)


def is_deep(item):
    return item.nodeid.startswith(DEEP_FOLDERS) or item.get_closest_marker("deep")


def skip_deep(items):
    for item in filter(is_deep, items):
        item.add_marker(pytest.mark.skip(reason=HOW))


def minutes(item):
    """A test's rough duration, from its mark; 0 without one."""
    marker = item.get_closest_marker("minutes")
    return marker.args[0] if marker else 0


def limit_minutes(items):
    """Let a test take three times the duration of its mark, and the general limit."""
    for item in filter(minutes, items):
        seconds = float(item.config.getini("timeout")) + 180 * minutes(item)
        item.add_marker(pytest.mark.timeout(seconds))


def deal(items, hands):
    """Order the items so that each of `hands` workers begins with some long ones.

    The longest items come first, each for the worker with the least work. All workers
    begin with the same number of items; one without any takes from the others.
    """
    shares = [[] for _ in range(hands)]
    for item in sorted(filter(minutes, items), key=minutes, reverse=True):
        min(shares, key=lambda share: sum(map(minutes, share))).append(item)
    short = [item for item in items if not minutes(item)]
    left = len(items)
    for number, share in enumerate(shares):
        more = max(0, left // (hands - number) - len(share))
        share += short[:more]
        del short[:more]
        left -= len(share)
    items[:] = sum(shares, []) + short


def summary(skipped):
    """Yield a line for each reason for which tests were left out."""
    reasons = {}
    for report in skipped:
        reason = report.longrepr[2].removeprefix("Skipped: ")
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        yield f"LEFT OUT, {count} of the tests: {reason}"


def platforms(stats):
    """Yield the lines that tests of other systems kept for the end of the run."""
    for report in sum(stats.values(), []):
        if getattr(report, "when", None) == "teardown":
            yield from (
                line for name, line in report.user_properties if name == "platform"
            )


def reasons(text):
    """Return the lines of a failure that say most: tests that failed in it, its end."""
    inner = list(dict.fromkeys(line[:200] for line in INNER.findall(text)))
    said = [line[:200] for line in text.splitlines() if line.startswith("E  ")]
    return inner[-SHOWN:] + said[:3] + said[3:][-3:]
