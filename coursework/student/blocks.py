"""Reads Terraform's files (HCL) block by block."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Comments and heredocs: brackets and quotes in them mean nothing.
QUIET = re.compile(r"#[^\n]*|//[^\n]*|/\*.*?\*/|<<-?(\w+)\n.*?\n\s*\1\b", re.DOTALL)
HEAD = re.compile(r'([\w-]+)((?:[ \t]+"[^"\n]*")*)[ \t]*(\{|=(?!=))')


@dataclass(frozen=True)
class Item:
    """A block, or an attribute: its name, labels, text, and where it is in the file.

    `text` is what stands between the braces, or after the equals sign.
    """

    name: str
    labels: tuple[str, ...]
    is_block: bool
    text: str
    start: int
    end: int

    @property
    def symbol(self) -> str:
        """`locals`, `aws_vpc.this` of a resource, `data.aws_ami.latest`."""
        kind = () if self.name == "resource" else (self.name,)
        return ".".join((*kind, *self.labels))


def items(text: str) -> Iterator[Item]:
    """Yield the blocks and attributes of a file or of a block. Raises ValueError."""
    at = 0
    while at < len(text):
        head = HEAD.match(text, at)
        if head is None:
            at = _after(text, at)
            continue
        is_block = head[3] == "{"
        end = _after(text, head.end() - 1) if is_block else _line(text, head.end())
        inner = text[head.end() : end - is_block].strip()
        labels = tuple(re.findall('"(.*?)"', head[2]))
        yield Item(head[1], labels, is_block, inner, at, end)
        at = end


def _line(text: str, at: int) -> int:
    while at < len(text) and text[at] != "\n":
        at = _after(text, at)
    return at


def _after(text: str, at: int) -> int:
    """Return where the comment, string, pair of brackets or character at `at` ends."""
    quiet = QUIET.match(text, at)
    if quiet:
        return quiet.end()
    if text[at] == '"':
        return _after_string(text, at + 1)
    if text[at] not in "([{":
        return at + 1
    at += 1
    while at < len(text) and text[at] not in ")]}":
        at = _after(text, at)
    if at == len(text):
        raise ValueError("a bracket is not closed")
    return at + 1


def _after_string(text: str, at: int) -> int:
    while at < len(text) and text[at] != '"':
        if text[at] == "\\":
            at += 2
        elif text.startswith(("${", "%{"), at):
            at = _after(text, at + 1)
        else:
            at += 1
    return at + 1
