"""Measured numbers in the pages, each with the committed report it comes from."""

import json
import re

from docs.tools import source
from docs.tools.parsing import Mistake

# The number, and the comment that says where it comes from.
NUMBER = re.compile(
    r"(?P<shown>[\d.,]+(?:e-?\d+)?%?)(?P<marks>[*_`]{0,3})"
    r"<!-- = (?P<file>\S+) (?P<where>.+?) -->"
)
ANY = re.compile(r"<!-- = .+? -->")


def numbers(text):
    """The numbers of a page that name their source."""
    return list(NUMBER.finditer(text))


def refreshed(page, text):
    """The page with every number as its report has it now."""
    if len(ANY.findall(text)) != len(numbers(text)):
        raise Mistake(f"{page}: a `<!-- = … -->` that does not follow a number")
    return NUMBER.sub(lambda match: written(match, page), text)


def written(match, page):
    said = f"{match['file']} {match['where']}"
    now = value(match, page)
    return f"{now}{match['marks']}<!-- = {said} -->"


def value(match, page):
    path = source(match["file"])
    if not path.is_file():
        raise Mistake(f"{page}: no file {match['file']}")
    text = path.read_text(encoding="utf-8")
    where = match["where"]
    if where.startswith('"'):
        return quoted(text, where.strip('"'), match, page)
    keys, _, form = where.partition(" ")
    return shaped(look_up(json.loads(text), keys, f"{page}: {match['file']}"), form)


def quoted(text, quote, match, page):
    """The number as shown, if the quote stands in the file and holds it."""
    if " ".join(quote.split()) not in " ".join(text.split()):
        raise Mistake(f"{page}: {match['file']} does not say {quote!r}")
    if match["shown"].rstrip(".,") not in quote:
        raise Mistake(f"{page}: {quote!r} does not hold {match['shown']}")
    return match["shown"]


def look_up(data, keys, place):
    for key in keys.split("."):
        try:
            data = data[int(key)] if isinstance(data, list) else data[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise Mistake(f"{place} has no {keys} (at {key!r})") from None
    return data


def shaped(number, form):
    return format(number, form) if form else str(number)
