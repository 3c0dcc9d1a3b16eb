"""No committed file contains a secret, or names the machine where it was made."""

import re

import pytest

# Spelled so that this file does not match.
NEVER = {
    "a package registry's host": r"(?:pypi|pythonhosted|npmjs|debian)[.](?:org|com)",
    "a choice of package index": (
        r"--(?:extra-)?index[-]url|--find[-]links|--trusted[-]host"
    ),
    "a path of the machine it was made on": r"(?<![\w.])/(?:root|work|Users)[/]",
    "an AWS key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{30,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY[-]----",
    "a token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}",
}


@pytest.mark.parametrize("what", NEVER)
def test_no_file_holds(template, what):
    pattern = re.compile(NEVER[what])
    found = [
        f"{path.relative_to(template)}: {match[0]}"
        for path in template.rglob("*")
        if path.is_file()
        for match in pattern.finditer(
            path.read_text(encoding="utf-8", errors="replace")
        )
    ]
    assert found == []


def test_the_packages_are_locked_with_hashes(template):
    locks = list(template.glob("*/requirements/*.txt"))
    wanted = list(template.glob("*/requirements/*.in"))
    assert {lock.stem for lock in locks} == {each.stem for each in wanted} != set()
    for lock in locks:
        pinned = re.findall(r"^[\w.-]+(?:\[.+\])?==", lock.read_text(), re.MULTILINE)
        hashed = re.findall(r"--hash=sha256:", lock.read_text())
        least = 1 if lock.stem == "installer" else 10
        assert least <= len(pinned) < len(hashed)
