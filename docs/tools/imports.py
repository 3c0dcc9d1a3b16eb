"""Who imports whom: the arrows between the packages of the rendered project."""

import ast
import re
import tomllib

from docs.tools import PROJECT, sizes
from docs.tools.parsing import Mistake, fences

# The lab's import contracts name every package.
CONTRACTS = PROJECT / "lab/imports.toml"
# In the source of a figure; below it stand the arrows.
MARK = "# Below: written by `make docs-refresh` from the imports.\n"
BOX = re.compile(r"^(\w+): ", re.MULTILINE)
# Django imports these by the names that settings and URLs hold.
BY_NAME = "config"


def packages():
    contracts = tomllib.loads(CONTRACTS.read_text(encoding="utf-8"))
    return contracts["tool"]["importlinter"]["root_packages"]


def arrows():
    """Pairs of packages, importing first; and the pairs that are names in a string.

    What follows from other arrows is left out.
    """
    known, imported, named = packages(), set(), set()
    for name in sizes.files():
        importer = name.partition("/")[0]
        if importer in known and name.endswith(".py"):
            tree = ast.parse((PROJECT / name).read_text(encoding="utf-8"))
            imported |= {(importer, each) for each in imports(tree)}
            if importer == BY_NAME:
                named |= {(importer, each) for each in strings(tree)}
    between = {(a, b) for a, b in imported | named if a != b and b in known}
    kept = sorted(between - implied(between), key=lambda pair: rank(pair, between))
    return [p for p in kept if p in imported], [p for p in kept if p not in imported]


def imports(tree):
    """The packages that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def strings(tree):
    """What stands before the first dot of the module's strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition(".")[0]


def implied(pairs):
    """The pairs that a way over another package makes needless."""
    steps = [(a, b, c) for a, b in pairs for x, c in pairs if x == a and c != b]
    return {(a, b) for a, b, c in steps if b in reached(c, pairs)}


def reached(start, pairs):
    """The packages to which arrows lead from `start`, on any way."""
    found, waiting = set(), [start]
    while waiting:
        here = waiting.pop()
        new = {b for a, b in pairs if a == here} - found
        found |= new
        waiting += new
    return found


def rank(pair, pairs):
    """Orders arrows from the top of the picture down."""
    return [-len(reached(each, pairs)) for each in pair], pair


def drawing(text, path):
    """The source of a figure, with the arrows as they are now below its mark."""
    head, mark, _ = text.partition(MARK)
    if not mark:
        return text
    if left := set(packages()) - set(BOX.findall(head)):
        raise Mistake(f"{path}: no box for {', '.join(sorted(left))}")
    imported, named = arrows()
    lines = [f"{a} -> {b}" for a, b in imported]
    lines += [f"{a} -> {b} {{ class: answer }}" for a, b in named]
    return head + mark + "\n".join(lines) + "\n"


def with_diagram(page, text):
    """The page with the arrows in its `mermaid` fences, which GitHub draws."""
    lines = text.split("\n")
    for fence in reversed(fences(page, text)):
        if fence.language == "mermaid":
            lines[fence.first + 1 : fence.last] = diagram()
    return "\n".join(lines)


def diagram():
    imported, named = arrows()
    lines = ["flowchart TD", *(f"    {a} --> {b}" for a, b in imported)]
    return lines + [f"    {a} -.-> {b}" for a, b in named]
