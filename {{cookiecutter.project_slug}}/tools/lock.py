"""Pins requirements/*.in into requirements/*.txt, with hashes, for all Pythons.

Run by `make lock`, which installs uv first.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
COMPILE = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--upgrade"]
# One file serves Python 3.11 to 3.14 on every system, and names no index.
COMPILE += ["--universal", "--python-version", "3.11", "--generate-hashes"]
COMPILE += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
COMPILE += ["--custom-compile-command", "make lock"]
# Older pips take the newest `coverage[toml]` where only `coverage` is pinned.
COMPILE += ["--no-strip-extras"]


def main():
    """Compile each file; stop at the first that can't be resolved."""
    for name in ("production", "development", "benchmarks"):
        print(f"Locking requirements/{name}.txt ...", flush=True)
        command = COMPILE + [f"{name}.in", "-o", f"{name}.txt"]
        if subprocess.run(command, cwd=FOLDER, check=False).returncode:
            sys.exit(f"requirements/{name}.in could not be resolved (see above)")
    print("Next: make setup, make test.")


if __name__ == "__main__":
    main()
