"""How many lines the folders of the rendered project hold, to the nearest hundred."""

from docs.tools import PROJECT, ROOT
from docs.tools.parsing import Mistake

# Every file of a render; `make listing` writes it.
LISTING = ROOT / "tests/files.txt"
# Texts stand in templates/, and a tool writes the lock files.
NOT_CODE = (".md", ".list", ".lock.hcl")
STEP = 100


def lines(places):
    """All lines of the code in these folders and files, comments and empty ones too."""
    return sum(map(lines_of, places))


def lines_of(place):
    names = [name for name in files() if f"{name}/".startswith(f"{place}/")]
    if not names:
        raise Mistake(f"no folder or file {place} in the rendered project")
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
