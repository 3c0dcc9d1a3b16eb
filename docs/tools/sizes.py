"""How many lines the folders of the rendered project hold, to the nearest hundred."""

from docs.tools import PROJECT, ROOT
from docs.tools.parsing import Mistake

# Every file of a render; `make listing` writes it.
LISTING = ROOT / "tests/files.txt"
# Texts stand in templates/, and a tool writes the lock files.
NOT_CODE = (".md", ".list", ".lock.hcl")
STEP = 100


def lines(folders):
    """The lines of all code in these folders, empty ones and comments too."""
    return sum(map(lines_of, folders))


def lines_of(folder):
    names = [name for name in files() if name.startswith(f"{folder}/")]
    if not names:
        raise Mistake(f"no folder {folder} in the rendered project")
    code = (PROJECT / name for name in names if not name.endswith(NOT_CODE))
    return sum(path.read_bytes().count(b"\n") for path in code)


def files():
    listed = LISTING.read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in listed if line and not line.startswith("#")]


def rounded(count, shown):
    """The count as a page says it: what it shows, unless that is off by a step."""
    if abs(count - int(shown.replace(",", ""))) <= STEP:
        return shown
    return f"{round(count / STEP) * STEP:,}"
