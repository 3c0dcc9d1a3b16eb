"""Writes `.env` from `.env.example` with fresh random secrets, if there is none.

Run by `make setup`. Needs nothing but Python's standard library.
"""

import re
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / ".env.example"
TARGET = ROOT / ".env"
PLACEHOLDER = re.compile(r"^(\w+)=change-me\S*$", re.MULTILINE)


def fill(example):
    """Return the text of `example` with a random value for each placeholder."""
    return PLACEHOLDER.sub(lambda m: f"{m[1]}={secrets.token_urlsafe(48)}", example)


def main():
    """Write the file and say so; do nothing if there is one."""
    if TARGET.exists():
        return
    text = fill(EXAMPLE.read_text(encoding="utf-8"))
    TARGET.touch(mode=0o600)
    TARGET.write_text(text, encoding="utf-8", newline="\n")
    print("Wrote .env with fresh secrets. It stays on this machine: git ignores it.")


if __name__ == "__main__":
    main()
