"""What a run leaves out: never silently, and in CI nothing."""

import os

import pytest

IN_CI = bool(os.environ.get("CI"))
# All in these folders needs an engine, AWS's stand-in, or minutes.
DEEP_FOLDERS = ("tests/deploy/", "tests/terraform/")
HOW = "deep tests, and the project's own long ones: make test ARGS=--deep"


def leave_out(reason):
    """Skip the running test for want of something; in CI that is a failure."""
    (pytest.fail if IN_CI else pytest.skip)(reason)


def is_deep(item):
    return item.nodeid.startswith(DEEP_FOLDERS) or item.get_closest_marker("deep")


def skip_deep(items):
    for item in filter(is_deep, items):
        item.add_marker(pytest.mark.skip(reason=HOW))


def without_shallow(items):
    """Return the items of which the deep tests do not do the same, and more."""
    return [item for item in items if not item.get_closest_marker("shallow")]


def start_with_the_long(items):
    """Put first what waits for long, and at the second worker's start what works.

    The two workers begin with a half each.
    """
    waits = [item for item in items if item.get_closest_marker("waits")]
    works = [item for item in items if item.get_closest_marker("works")]
    rest = [item for item in items if item not in waits + works]
    more = max(0, len(items) // 2 - len(waits))
    items[:] = waits + rest[:more] + works + rest[more:]


def summary(skipped):
    """Yield a line for each reason for which these reports' tests were left out."""
    reasons = {}
    for report in skipped:
        reason = report.longrepr[2].removeprefix("Skipped: ")
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        yield f"LEFT OUT, {count} of the tests: {reason}"
