"""What a run leaves out: never silently, and in CI nothing."""

import os

import pytest

IN_CI = bool(os.environ.get("CI"))
# All in these folders needs an engine, a root, AWS's stand-in, or minutes.
DEEP_FOLDERS = ("tests/deploy/", "tests/foreign/", "tests/terraform/")
HOW = "deep tests, and the project's own long ones: make test ARGS=--deep"


def leave_out(reason):
    """Skip the running test for want of something; in CI that is a failure."""
    (pytest.fail if IN_CI else pytest.skip)(reason)


def is_deep(item):
    return item.nodeid.startswith(DEEP_FOLDERS) or item.get_closest_marker("deep")


def skip_deep(items):
    for item in filter(is_deep, items):
        item.add_marker(pytest.mark.skip(reason=HOW))


def minutes(item):
    """How long a test takes, roughly: what its mark says; 0 without one."""
    marker = item.get_closest_marker("minutes")
    return marker.args[0] if marker else 0


def limit_minutes(items):
    """Let a test of minutes take three times as long, beyond what every test may."""
    for item in filter(minutes, items):
        seconds = float(item.config.getini("timeout")) + 180 * minutes(item)
        item.add_marker(pytest.mark.timeout(seconds))


def deal(items, hands):
    """Order the items so that each of `hands` workers begins with some long ones.

    The longest first, each to who has the least. Each worker begins with as many
    items as every other, and takes from the others when it has none left.
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
    """Yield a line for each reason for which these reports' tests were left out."""
    reasons = {}
    for report in skipped:
        reason = report.longrepr[2].removeprefix("Skipped: ")
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        yield f"LEFT OUT, {count} of the tests: {reason}"


def platforms(stats):
    """Yield the line that each test of another system kept about itself."""
    for report in sum(stats.values(), []):
        if getattr(report, "when", None) == "teardown":
            yield from (
                line for name, line in report.user_properties if name == "platform"
            )
