"""The list of a rendered project's files, in files.txt.

`make listing` rewrites it; git shows what changed.
"""

import json
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from cookiecutter.generate import is_copy_only_path

from tests.baking import FOLDER, ROOT, copy_working_tree

LISTING = Path(__file__).with_name("files.txt")
HEAD = """\
# Every file of a rendered project. Marked "rendered": Jinja fills it in; all others
# are copied as they are. Written by `make listing`.
"""


def rendered_by_jinja(names):
    """Those of the names that `_copy_without_render` leaves to Jinja."""
    settings = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    context = {"cookiecutter": settings}
    paths = {name: str(PurePath(name)) for name in names}
    return {name for name in names if not is_copy_only_path(paths[name], context)}


def in_template(template):
    """The names of the files under the template's project folder."""
    folder = template / FOLDER
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths}


def listing(names):
    jinja = rendered_by_jinja(names)
    lines = (f"{name}  rendered" if name in jinja else name for name in sorted(names))
    return HEAD + "\n" + "\n".join(lines) + "\n"


def write():
    with TemporaryDirectory() as folder:
        names = in_template(copy_working_tree(Path(folder)))
    text = listing(names)
    LISTING.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
