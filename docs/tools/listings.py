"""Pieces of real files in the pages: found by how they begin, never typed."""

import ast
import re
import textwrap

from docs.tools import source
from docs.tools.parsing import Mistake, fences

# 'In single quotes' what has double ones inside, as Terraform's blocks do.
ANCHOR = r"""(?:"[^"]*"|'[^']*')"""
SAID = re.compile(rf"(?P<path>\S+)(?P<anchors>(?: +{ANCHOR})*)(?P<bare> +-docstring)?")
CLOSING = (")", "]", "}", "fi", "done", "esac", "EOF")


def listings(page, text):
    """The fences of a page that show a piece of a file."""
    return [fence for fence in fences(page, text) if "listing" in fence.directives]


def refreshed(page, text):
    """The page with every listing as its source is now."""
    lines = text.split("\n")
    for fence in reversed(listings(page, text)):
        body = piece(fence.directives["listing"], fence.place)
        shown = [f"{fence.indent}{line}".rstrip() for line in body]
        lines[fence.first + 1 : fence.last] = shown
    return "\n".join(lines)


def piece(said, place=""):
    """The lines that a listing names, without the indent they share."""
    given = SAID.fullmatch(said)
    if not given:
        raise Mistake(f'{place}: listing: {said}; write: PATH "how it begins"')
    path = source(given["path"])
    if not path.is_file():
        raise Mistake(f"{place}: no file {given['path']}")
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    anchors = [each[1:-1] for each in re.findall(ANCHOR, given["anchors"])]
    found = cut(lines, anchors, f"{place}: {given['path']}")
    if given["bare"]:
        found = without_docstrings(found)
    return textwrap.dedent("\n".join(found)).split("\n")


def cut(lines, anchors, place):
    if not anchors:
        return lines
    first = only_line(lines, anchors[0], place)
    if len(anchors) == 2:
        last = next_line(lines, first, anchors[1], place)
    else:
        last = end_of_block(lines, first)
    while lines[first - 1].lstrip().startswith("@") and first:
        first -= 1
    while not lines[last - 1].strip():
        last -= 1
    return lines[first:last]


def only_line(lines, anchor, place):
    found = [i for i, line in enumerate(lines) if begins(line, anchor)]
    if len(found) != 1:
        raise Mistake(f"{place}: {len(found)} lines begin with {anchor!r}, not one")
    return found[0]


def next_line(lines, first, anchor, place):
    for index in range(first + 1, len(lines)):
        if begins(lines[index], anchor):
            return index
    raise Mistake(f"{place}: no line after it begins with {anchor!r}")


def begins(line, anchor):
    """Whether the line begins so; "def keep" does not begin "def keep_alive"."""
    rest = line.strip().removeprefix(anchor)
    if rest == line.strip():
        return False
    return not (anchor[-1:].isalnum() and (rest[:1].isalnum() or rest[:1] == "_"))


def end_of_block(lines, first):
    """The line after the block that begins at `first`: all that is indented deeper."""
    depth = indent(lines[first])
    for index in range(first + 1, len(lines)):
        line = lines[index]
        if line.strip() and indent(line) <= depth:
            # What closes a bracket belongs to it; `) -> str:` even opens the body.
            closes = indent(line) == depth and line.strip().startswith(CLOSING)
            if not closes:
                return index
            if not line.rstrip().endswith(":"):
                return index + 1
    return len(lines)


def indent(line):
    return len(line) - len(line.lstrip())


def without_docstrings(lines):
    """Python's lines without the docstrings of its functions and classes."""
    text = textwrap.dedent("\n".join(lines))
    kept = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and is_docstring(body[0]):
            for index in range(body[0].lineno - 1, body[0].end_lineno):
                kept[index] = None
    return [line for line in kept if line is not None]


def is_docstring(node):
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
