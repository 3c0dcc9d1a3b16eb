"""What a person's shell says about the project: the tests don't listen to it."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The first says which tests these are; the others say where programs and files are.
KEPT = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE", "HOME", "PATH", "TMPDIR"}
HERE = "localhost,127.0.0.1,::1"
VARIABLE = re.compile(r"\b[A-Z][A-Z_]+\b")


def forget_the_shell() -> None:
    """Unset every variable that the settings, gunicorn or the health check read.

    A proxy stays, for what is fetched from elsewhere; no server of ours is behind it.
    """
    sources = [*ROOT.glob("config/*.py"), ROOT / ".env.example"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for name in {"GUNICORN_CMD_ARGS", *VARIABLE.findall(text)} - KEPT:
        os.environ.pop(name, None)
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = f"{os.environ.get(name, '')},{HERE}".lstrip(",")
