"""The locked versions are installed, whatever is released later."""

from importlib import metadata

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.lock import NAMES, command

pytestmark = pytest.mark.once
FOLDER = settings.BASE_DIR / "requirements"


def pins():
    """Return {name: Requirement} of the lock that these tests run with."""
    text = (FOLDER / "development.txt").read_text()
    lines = (line for line in text.splitlines() if line[:1].isalnum())
    pinned = (Requirement(line.removesuffix("\\")) for line in lines)
    return {canonicalize_name(pin.name): pin for pin in pinned}


def asked_for(pin):
    """Return the requirements of an installed package, with its pinned extras."""
    asked = map(Requirement, metadata.requires(pin.name) or ())
    extras = pin.extras | {""}
    return [
        need
        for need in asked
        if not need.marker or any(need.marker.evaluate({"extra": e}) for e in extras)
    ]


def test_each_extra_that_a_package_asks_for_is_pinned():
    # Otherwise an older pip chooses the newest release, which has no hash here.
    pinned = pins()
    here = [pin for pin in pinned.values() if not pin.marker or pin.marker.evaluate()]
    unpinned = [
        f"{pin.name} asks for {need}"
        for pin in here
        for need in asked_for(pin)
        if not need.extras <= pinned[canonicalize_name(need.name)].extras
    ]
    assert here and unpinned == []


def test_each_file_that_is_asked_for_is_locked():
    assert {path.stem for path in FOLDER.glob("*.in")} == set(NAMES)
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_header_is_the_command_that_made_the_file(name):
    """Dependabot reads its options there; without them it drops the markers."""
    _, line = (FOLDER / f"{name}.txt").read_text().splitlines()[:2]
    assert line == f"#    {command(name)}"
    assert {"--universal", "--no-strip-extras"} <= set(line.split())
