"""Installs packages into a virtual environment: with uv, or with pip where uv fails.

    python tools/install.py VENV --require-hashes -r requirements/development.txt

makes VENV if it is not there. What follows it is what both `pip install` and `uv pip
install` take. uv is ten times as fast; it is installed into VENV itself, in the version
that requirements/installer.txt pins. pip is the way where there is no uv for a machine,
or where pip alone knows the way to the packages (a mirror in pip's own settings).

Needs nothing but Python's standard library.
"""

import os
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "installer.txt"
# uv brings its own certificates; the machine's are right behind a school's proxy, too.
ENVIRONMENT = {"UV_SYSTEM_CERTS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
GROUPS = "pip>=25.1"  # older ones don't know dependency groups


def run(*command: object) -> tuple[int, str]:
    """Run a command to its end; return its exit code, and all that it said."""
    done = subprocess.run(
        list(map(str, command)),
        env=ENVIRONMENT | os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout.strip()


def with_uv(python: Path, packages: list[str]) -> tuple[int, str]:
    """Install with uv, and uv itself first; return the exit code and what was said."""
    pip = (python, "-m", "pip", "install", "--quiet", "--require-hashes")
    code, said = run(*pip, "-r", LOCK)
    if code:
        return code, said
    uv = (python, "-m", "uv", "pip", "install", "--quiet", "--python", python)
    return run(*uv, *packages)


def with_pip(python: Path, packages: list[str]) -> tuple[int, str]:
    """Install with pip; return the exit code and what was said."""
    pip = (python, "-m", "pip", "install", "--quiet")
    code, said = run(*pip, "--upgrade", GROUPS) if "--group" in packages else (0, "")
    return (code, said) if code else run(*pip, "--no-compile", *packages)


def main(venv: str, *packages: str) -> None:
    """Install; exit with 1 and what pip said if that can't be done either way."""
    python = Path(venv).absolute() / "bin/python"
    if not python.exists():
        code, said = run(sys.executable, "-m", "venv", venv)
        if code:
            sys.exit(f"{said}\n{venv} could not be made")
    code, said = with_uv(python, list(packages))
    if code:
        last = said.splitlines()[-1] if said else f"exit code {code}"
        print(f"uv could not install them ({last}); trying pip ...", flush=True)
        code, said = with_pip(python, list(packages))
    if code:
        sys.exit(f"{said}\nThe packages could not be installed: is there a network?")


if __name__ == "__main__":
    main(*sys.argv[1:])
