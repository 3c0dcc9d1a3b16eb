"""Korean words for what programs print into pictures: docs/korean.toml."""

import re
import tomllib
from functools import cache
from html import escape, unescape

from docs.tools import DOCS
from docs.tools.parsing import Mistake

TABLE = DOCS / "korean.toml"
LABEL = re.compile(r"(?<=>)[^<]+(?=</text>)")
# Numbers and letters are the same in both languages.
SAME = re.compile(r"[\d.,]+|[A-Z]|")


def names():
    """What is called the same in Korean."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))["names"]


@cache
def patterns():
    """Pairs of an English pattern and the Korean text, the longest pattern first."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    table |= {name: name for name in table.pop("names")}
    return [
        (re.compile(re.escape(english).replace(r"\{\}", "(.+)")), table[english])
        for english in sorted(table, key=len, reverse=True)
    ]


def translated(text):
    """The text in Korean. What stands for a {} is translated too."""
    if SAME.fullmatch(text):
        return text
    for pattern, korean in patterns():
        if match := pattern.fullmatch(text):
            return korean.format(*map(translated, match.groups()))
    raise Mistake(f"docs/{TABLE.name}: no Korean for {text!r}")


def told(value):
    """JSON in Korean: all texts but the names of what it describes."""
    if isinstance(value, dict):
        return {key: told(each) for key, each in value.items()}
    if isinstance(value, list):
        return [told(each) for each in value]
    return translated(value)


def plot(content):
    """An SVG's bytes with its labels in Korean."""

    def label(match):
        return escape(translated(unescape(match[0])), quote=False)

    return LABEL.sub(label, content.decode()).encode()
