"""Pins requirements/*.in into requirements/*.txt, with hashes, for all Pythons.

Run by `make lock`. Each file's header is the command that made it: `make lock` runs it,
and Dependabot reads its options there.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
# One file serves Python 3.11 to 3.14 on every system. Older pips take the newest
# `coverage[toml]` where only `coverage` is pinned, so extras stay.
COMPILE = "uv pip compile --universal --python-version 3.11 --generate-hashes"
COMPILE += " --no-annotate --no-strip-extras"
# These say where this machine gets its packages, which must not be written down.
PRIVATE = ["--quiet", "--no-emit-index-url", "--no-emit-find-links"]
# The benchmarks use the versions of production, so production comes first.
NAMES = ("installer", "production", "development", "benchmarks")


def command(name: str) -> str:
    """Return the command that pins requirements/NAME.in, to be run in that folder."""
    return f"{COMPILE} --output-file {name}.txt {name}.in"


def lock(name: str, *more: str, folder: Path = FOLDER) -> int:
    """Pin one file in `folder`, with more options for uv; return uv's exit code."""
    header = ["--custom-compile-command", command(name)]
    words = [sys.executable, "-m", *command(name).split(), *PRIVATE, *header, *more]
    return subprocess.run(words, cwd=folder, check=False).returncode


def main() -> None:
    """Pin all files again; stop at the first one that can't be resolved."""
    for name in NAMES:
        print(f"Locking requirements/{name}.txt ...", flush=True)
        if lock(name, "--upgrade"):
            sys.exit(f"requirements/{name}.in could not be resolved (see above)")
    print("Next: make setup, make test.")


if __name__ == "__main__":
    main()
