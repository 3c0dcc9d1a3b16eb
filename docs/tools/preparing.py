"""Render the project and set it up, for running pages by hand."""

import hashlib
import shutil
import sys

from filelock import FileLock

from docs.tools import PROJECT
from tests.baking import CommandLine, clean_environment, copy_working_tree, succeed

LOCK = "requirements/development.txt"


def prepared(folder):
    """Give a render that is set up, and a clone of the template, in `folder`.

    Both are made anew when the template changed; the packages stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        fresh = folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        copy_working_tree(fresh)
        now, made = digest(fresh), folder / "digest"
        if not made.exists() or made.read_text() != now:
            made.unlink(missing_ok=True)
            make(folder, fresh)
            made.write_text(now)
    return folder / "bake/out/library-api", folder / "template"


def make(folder, fresh):
    kept = folder / "venv"
    if (old := folder / "bake/out/library-api/.venv").exists():
        old.replace(kept)
    for name in ("template", "bake"):
        shutil.rmtree(folder / name, ignore_errors=True)
    template = fresh.replace(folder / "template")
    project = CommandLine(template, folder / "bake").render().path
    # An old lock file's time: nothing is installed anew unless it changed.
    shutil.copystat(PROJECT / LOCK, project / LOCK)
    if kept.exists():
        kept.replace(project / ".venv")
    print(f"Setting up {project}", flush=True)
    command = ("make", "setup", f"PYTHON={sys.executable}")
    succeed(*command, cwd=project, env=clean_environment())


def digest(folder):
    """What tells whether the template is as it was: all its files but the pages."""
    seen = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and folder / "docs" not in path.parents:
            seen.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return seen.hexdigest()
