"""Read a page into its fences and directives."""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<info>[^`]*)$")
COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
CONTINUED = re.compile(r">( |$)")


class Mistake(Exception):
    """A page says something that can't be understood; the message says where."""


@dataclass
class Fence:
    """One fenced block: `first` and `last` are the line indexes of its ticks."""

    page: object
    first: int
    last: int
    language: str
    lines: list
    directives: dict = field(default_factory=dict)
    # The indent of a fence in a list.
    indent: str = ""

    @property
    def place(self):
        return f"{self.page}:{self.first + 1}"


@dataclass
class Command:
    """One command of a console block, and the output that is shown below it."""

    text: str
    shown: list


def fences(page, text):
    """All fences, each with the directives in the comments right before it."""
    found, lines, index = [], text.split("\n"), 0
    while index < len(lines):
        opening = FENCE.match(lines[index])
        if opening:
            last = closing(lines, index, opening, page)
            indent = opening["indent"]
            body = [line.removeprefix(indent) for line in lines[index + 1 : last]]
            fence = Fence(page, index, last, opening["info"].strip(), body)
            fence.indent = indent
            fence.directives = directives_before(lines, index, page)
            found.append(fence)
            index = last
        index += 1
    return found


def closing(lines, start, opening, page):
    for index in range(start + 1, len(lines)):
        if lines[index].strip() == opening["ticks"]:
            return index
    raise Mistake(f"{page}:{start + 1}: this fence is never closed")


def directives_before(lines, index, page):
    """The `<!-- name: value -->` lines directly above a fence."""
    found = {}
    while index and (comment := one_line_comment(lines[index - 1])):
        name, _, value = comment.partition(":")
        found[name.strip()] = value.strip()
        index -= 1
    return found


def one_line_comment(line):
    line = line.strip()
    if line.startswith("<!--") and line.endswith("-->") and line.count("<!--") == 1:
        return line[4:-3].strip()
    return None


def without_fences(text, page=""):
    """The page's lines, with fences emptied, so that line numbers stay."""
    lines = text.split("\n")
    for fence in fences(page, text):
        for index in range(fence.first, fence.last + 1):
            lines[index] = ""
    return "\n".join(lines)


def page_directive(text, name, default=""):
    """What `<!-- name: value -->` says of the whole page."""
    for comment in COMMENT.findall(without_fences(text)):
        key, colon, value = comment.strip().partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return default


def commands(lines, place=""):
    """Split a console block into its commands, each with the output shown."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif CONTINUED.match(line) and found and not found[-1].shown:
            found[-1].text += "\n" + line[2:]
        elif found and not found[-1].shown and found[-1].text.endswith("\\"):
            raise Mistake(f"{place}: a command goes on after `> `: {line}")
        elif found:
            found[-1].shown.append(line)
        elif line.strip() and not line.startswith("#"):
            raise Mistake(f"{place}: a console block begins with `$ `: {line}")
    for command in found:
        while command.shown and not command.shown[-1].strip():
            command.shown.pop()
    return found
