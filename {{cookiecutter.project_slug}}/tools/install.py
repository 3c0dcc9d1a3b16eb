"""Installs packages into a virtual environment: with uv, or with pip where uv fails.

    python tools/install.py VENV --require-hashes -r requirements/development.txt

makes VENV if it is not there. The arguments after it are passed on to `uv pip install`
or `pip install`. uv is ten times as fast; it is installed into VENV, in the version
that requirements/installer.txt pins. pip is used where there is no uv for the machine,
or where only pip can reach the packages (a mirror in pip's own settings).

Needs nothing but Python's standard library.
"""

import os
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "installer.txt"
# Instead of uv's own certificates, which fail behind some schools' proxies.
ENVIRONMENT = {"UV_SYSTEM_CERTS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
GROUPS = "pip>=25.1"  # older ones don't know dependency groups


def run(*command: object) -> tuple[int, str]:
    """Run a command; return its exit code and its output."""
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
    """Install uv, then with uv; return the exit code and the output."""
    pip = (python, "-m", "pip", "install", "--quiet", "--require-hashes")
    code, said = run(*pip, "-r", LOCK)
    if code:
        return code, said
    uv = (python, "-m", "uv", "pip", "install", "--quiet", "--python", python)
    return run(*uv, *packages)


def with_pip(python: Path, packages: list[str]) -> tuple[int, str]:
    """Install with pip; return the exit code and the output."""
    pip = (python, "-m", "pip", "install", "--quiet")
    code, said = run(*pip, "--upgrade", GROUPS) if "--group" in packages else (0, "")
    return (code, said) if code else run(*pip, "--no-compile", *packages)


def main(venv: str, *packages: str) -> None:
    """Install; if both ways fail, exit with 1 and pip's output."""
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
