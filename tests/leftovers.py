"""Files in a student's project that must stay on that machine."""

import re

from tests.baking import FOLDER, ROOT

CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^ *(?:\$|>) ", re.MULTILINE)
NAME = r"([\w./-]*\.\w+)"
WRITES = [
    re.compile(rf"(?<![~>&0-9-])> ?{NAME}"),
    re.compile(rf"--?o(?:ut(?:put)?)?[ =]{NAME}"),
    re.compile(rf"\btee (?:-a )?{NAME}"),
]
EDITS_A_COPY = re.compile(r"^(?:.*\s)?sed -i\.bak\b.*\s(\S+)$", re.MULTILINE)
# Files that a student writes, for git.
OWN = (".py", ".tf", ".tfvars")
# Files that no command of a page makes, or that none makes any more.
MORE = [
    ".env",
    ".env.bak",
    ".env.production",
    ".idea/workspace.xml",
    ".vscode/settings.json",
    "books/.models.py.swp",
    "backup/library",
    "books/models.py~",
    "db.sqlite3",
    "db.sqlite3-journal",
    "dump",
    "id_rsa",
    "key.pem",
    "library.dump",
    "library.json",
    "secrets.env",
    "slow-reader.txt",
    "terraform/.terraform/providers/aws",
    "terraform/release.tfplan",
    "terraform/scale-out/terraform.tfstate.backup",
    "terraform/terraform.tfstate",
    "token",
    "tokens.json",
]


def pages():
    """The pages with commands for a student: the site's and the project's."""
    for folder in (ROOT / "docs/en", ROOT / "templates/en", ROOT / FOLDER):
        yield from folder.rglob("*.md")


def written_by(page):
    """The files that the commands of a page write in the project."""
    for block in CODE.findall(page):
        commands = PROMPT.sub("", block.strip("`")).replace("\\\n", "")
        for line in commands.splitlines():
            line = line.partition("#")[0].rstrip()
            yield from (f"{name}.bak" for name in EDITS_A_COPY.findall(line))
            if "<<" not in line:
                yield from (name for each in WRITES for name in each.findall(line))


def leftovers():
    """The names of all files that git and an image must never hold."""
    found = {
        name
        for page in pages()
        for name in written_by(page.read_text(encoding="utf-8"))
        if not name.startswith("/") and not name.endswith(OWN)
    }
    return sorted(found | set(MORE))


def leave(project):
    """Write all of them into a project; gives their names."""
    names = leftovers()
    for name in names:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("private")
    return names
