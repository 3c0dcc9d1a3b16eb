"""Pictures: drawn from text with D2, or copied from a committed report."""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from docs.tools import DOCS, LANGUAGES, imports, korean, source
from docs.tools.parsing import Mistake


def drawings():
    """The text sources of all figures, as they must be, by path."""
    return {
        path: imports.drawing(path.read_text(encoding="utf-8"), path)
        for language in LANGUAGES
        for path in sorted((DOCS / language / "figures").glob("*.d2"))
    }


def named():
    """The copied figures: the name, and the committed file it is a copy of."""
    return tomllib.loads((DOCS / "figures.toml").read_text(encoding="utf-8"))


def copies():
    """Every copied figure's bytes as they must be, by path; Korean plots translated."""
    made = {}
    for name, origin in named().items():
        made[DOCS / "en/figures" / name] = content = original(source(origin))
        plot = name.endswith(".svg")
        made[DOCS / "ko/figures" / name] = korean.plot(content) if plot else content
    return made


def derived():
    """Every figure's bytes as they must be, by path."""
    svgs = {
        path.with_suffix(".svg"): drawn(path, text) for path, text in drawings().items()
    }
    return svgs | copies()


def original(path):
    if not path.is_file():
        raise Mistake(f"docs/figures.toml: no file {path}")
    return path.read_bytes()


def drawn(path, text):
    """The SVG of a D2 source, which is in the file of this path or will be."""
    with tempfile.TemporaryDirectory() as folder:
        svg = Path(folder) / "figure.svg"
        done = subprocess.run(
            [program(), "--scale=1", "-", svg],
            cwd=path.parent,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if done.returncode:
            raise Mistake(f"{path}: {done.stdout.strip()}")
        return svg.read_bytes()


def program():
    beside = Path(sys.executable).with_name("d2")
    found = beside if beside.exists() else shutil.which("d2")
    if not found:
        raise Mistake("d2 is not installed: run make docs")
    return found
