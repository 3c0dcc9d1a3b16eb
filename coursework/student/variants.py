"""Which question is a student's own: it follows from the name of their repository.

So a teacher finds it by the roster, and a student's clone by its `origin`.
"""

import os
import re
import subprocess
from hashlib import blake2b
from pathlib import Path

# Tells a check the number of the question that is to be asked.
VARIABLE = "COURSE_VARIANT"
ANSWERS = "answers.toml"


def name_of(address: str) -> str:
    """Return `owner/name` of a repository's address or path, in small letters."""
    parts = re.split(r"[/:\\]+", address.strip().rstrip("/").removesuffix(".git"))
    return "/".join(parts[-2:]).lower()


def name_here(folder: Path) -> str:
    """Return `owner/name` of the repository that a folder is a clone of; "" if none."""
    if given := os.environ.get("GITHUB_REPOSITORY"):
        return name_of(given)
    ask = ("git", "-C", str(folder), "remote", "get-url", "origin")
    try:
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return name_of(done.stdout) if done.returncode == 0 else ""


def number(exercise: str, name: str) -> str:
    """Return the number of a repository's question; "" if it has no name."""
    if not name:
        return ""
    digest = blake2b(f"{exercise}:{name}".encode(), digest_size=4).digest()
    return str(int.from_bytes(digest, "big"))
