"""Measured numbers in the pages, each with the committed report it comes from.

A page names the report in a comment behind the number. Pages that people also read as
plain text have no such comments: docs/numbers.toml holds their sources.
"""

import json
import re
import tomllib

from docs.tools import DOCS, sizes, source
from docs.tools.parsing import COMMENT, Mistake, fences

# The number, and the comment that says where it comes from.
NUMBER = re.compile(
    r"(?P<shown>[\d.,]+(?:e-?\d+)?%?)(?P<marks>[*_`]{0,3})"
    r"<!-- = (?P<file>\S+) (?P<where>.+?) -->"
)
ANY = re.compile(r"<!-- = .+? -->")
SIDE = DOCS / "numbers.toml"
DIGITS = r"\d[\d,]*(?:\.\d+)?%?"
# A number in prose: not that of a name such as IPv4, EC2 or v1.0.0.
ALONE = re.compile(rf"(?<![\w.-]){DIGITS}(?!\w)")
# Not prose: names, where links lead, and output that a program printed.
NOT_PROSE = re.compile(r"`[^`\n]+`|\]\([^)]*\)")
PRINTED = ("shell", "text")


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
    if match["file"] == "lines":
        return sizes.rounded(sizes.lines(match["where"].split()), match["shown"])
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
    shown = re.escape(match["shown"].rstrip(".,"))
    if not re.search(rf"(?<![\d.,]){shown}(?!\d)", quote):
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


def side():
    """The sources of pages without comments: by page, by the text around the number."""
    return tomllib.loads(SIDE.read_text(encoding="utf-8"))


def filled(page, text, entries):
    """The page with the number in each text of `entries` as its source has it now."""
    for around, said in entries.get("from", {}).items():
        found = only(page, text, around)
        now = value(Found(found["shown"], said), page)
        before, after = text[: found.start("shown")], text[found.end("shown") :]
        text = in_column(before, found["shown"], now) + after
    return text


def in_column(before, shown, now):
    """What stands before a number, and the number; in a column it ends where it did."""
    if not before.endswith("  "):
        return before + now
    rest = before.rstrip(" ")
    return rest + now.rjust(len(before) - len(rest) + len(shown))


def only(page, text, around):
    """The one place of the page that reads so, with a number for the `{}`."""
    places = list(pattern(around).finditer(text))
    if len(places) != 1:
        raise Mistake(
            f"docs/numbers.toml: {page} says {around!r} {len(places)} times, not once"
        )
    return places[0]


def pattern(around):
    """Finds a text with a number for its `{}`, wherever its lines are broken."""
    return re.compile(spaced(around).replace(r"\{\}", f"(?P<shown>{DIGITS})"))


class Found(dict):
    """A shown number and what is said of its source, as a match of NUMBER has them."""

    def __init__(self, shown, said):
        file, _, where = said.partition(" ")
        super().__init__(shown=shown, file=file, where=where)


def wrong(page, text, entries):
    """What a page without comments says of numbers that is not so, one line each."""
    for around, said in entries.get("from", {}).items():
        shown = only(page, text, around)["shown"]
        if (now := value(Found(shown, said), page)) != shown:
            yield f"{page}: {around!r} says {shown}, and {said} has {now}"
    if "given" in entries:
        yield from without_source(page, text, entries)


def without_source(page, text, entries):
    """Numbers neither measured nor given, and given ones that the page lacks."""
    known = set()
    for around in entries["from"]:
        known.add(only(page, text, around).start("shown"))
    for words in entries["given"]:
        places = [m.span() for m in re.finditer(spaced(words), text)]
        if not places:
            yield f"docs/numbers.toml: {page} does not say {words!r}"
        known.update(at for place in places for at in range(*place))
    for found in ALONE.finditer(prose(page, text)):
        if found.start() not in known:
            line = text.count("\n", 0, found.start()) + 1
            yield f"{page}:{line}: where does {found[0]} come from? docs/numbers.toml"


def spaced(words):
    return r"\s+".join(map(re.escape, words.split()))


def prose(page, text):
    """The page with blanks for what is no prose, so that places stay."""
    lines = text.split("\n")
    for fence in fences(page, text):
        if fence.language in PRINTED:
            for index in range(fence.first, fence.last + 1):
                lines[index] = " " * len(lines[index])
    text = "\n".join(lines)
    for kind in (COMMENT, NOT_PROSE):
        text = kind.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return text
