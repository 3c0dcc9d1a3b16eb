"""A copy of the project, in which one file at a time has a mistake."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns(
    ".venv", "build", "__pycache__", "*.sqlite3", ".env", ".git", "lab"
)
DATABASE, PRISTINE = "test.sqlite3", "pristine.sqlite3"


class Tree:
    """The copy; `folder` is where it lies."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.changes = folder.resolve(), 0

    def make(self) -> None:
        """Copy the project anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(Path.cwd(), self.folder, ignore=LEFT_OUT)

    def is_current(self) -> bool:
        """Return whether the copy has the project's Python as it is now."""
        return self.folder.exists() and _digest(self.folder) == _digest(Path.cwd())

    def keep_database(self) -> None:
        """Keep the test database as it is now, for every trial to begin with."""
        shutil.copy2(self.folder / DATABASE, self.folder / PRISTINE)

    def restore_database(self) -> None:
        """Bring the kept test database back: a trial may have been killed."""
        for rest in self.folder.glob(f"{DATABASE}*"):
            rest.unlink()
        if (self.folder / PRISTINE).exists():
            shutil.copy2(self.folder / PRISTINE, self.folder / DATABASE)

    @contextmanager
    def changed(self, path: str, source: bytes) -> Iterator[None]:
        """Hold other content in one of the copy's files."""
        file = self.folder / path
        original = file.read_bytes()
        try:
            self._write(file, source)
            yield
        finally:
            self._write(file, original)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Make the copy the current folder, and import from it."""
        before, path = Path.cwd(), list(sys.path)
        others = [each for each in path if Path(each or ".").resolve() != before]
        try:
            os.chdir(self.folder)
            sys.path[:] = [str(self.folder), *others]
            yield
        finally:
            os.chdir(before)
            sys.path[:] = path

    def _write(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        # Python tells by the time, in seconds, that what it compiled is out of date.
        self.changes += 2
        changed_at = file.stat().st_mtime + self.changes
        os.utime(file, (changed_at, changed_at))


def _digest(folder: Path) -> str:
    digest = blake2b(digest_size=16)
    for file in sorted(folder.glob("[a-z]*/**/*.py")):
        path = str(file.relative_to(folder))
        if not path.startswith(("build/", "lab/")):
            digest.update(path.encode() + file.read_bytes())
    return digest.hexdigest()
