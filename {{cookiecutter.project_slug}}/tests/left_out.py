"""Leaves out tests for which a server is missing; in CI they fail."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

import pytest

from tests.servers import Unavailable

MARK = "left out: "


def leave_out(reason: object) -> NoReturn:
    """Leave out this test for a reason that says what to install; in CI it fails."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{MARK}{reason}")


@contextlib.contextmanager
def or_left_out() -> Iterator[None]:
    """Leave out the test where a server is Unavailable in the block."""
    try:
        yield
    except Unavailable as reason:
        leave_out(reason)


def count(report: Path) -> Counter[str]:
    """Return how many tests a JUnit report says were left out, by reason."""
    skipped = ElementTree.parse(report).iter("skipped")
    said = [found.get("message", "") for found in skipped]
    return Counter(text.removeprefix(MARK) for text in said if text.startswith(MARK))
