"""What a Korean text of the rendered project lacks of the English one.

A text that says what to type and what it costs must not drift: each section is held to
its twin's names, numbers, links, lists and tables, and each block of code to the same
commands. Only its comments are in the reader's language.
"""

import re
from collections import Counter

from docs.tools import parity
from docs.tools.links import links
from docs.tools.parsing import fences, without_fences

HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")
# What other comparisons hold: names, and where links lead.
NOT_PROSE = re.compile(r"`[^`]+`|\]\([^)]*\)")
ITEM = re.compile(r"^ *(?:[-*]|\d+\.) ", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
# Not `$#` or a colour: a comment has a space after its mark.
REMARK = re.compile(r"(?:^|\s+)# .*$")
# Korean writes in digits what English writes in words.
COUNTED = "one two three four five six seven eight nine ten eleven twelve"
WORDS = {
    **{word: n for n, word in enumerate(COUNTED.split(), 1)},
    "july": 7,
    "november": 11,
    "fifty": 50,
    "half a second": 0.5,
    "half a minute": 30,
    "half an hour": 30,
    "a second": 1,
    "a minute": 1,
    "an hour": 1,
}
WORD = re.compile(rf"\b(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})\b", re.I)


def differences(name, english, korean):
    """What the Korean text lacks or has too much, one line each."""
    for what, of in WHOLE.items():
        here, there = of(name, english), of(name, korean)
        if here != there:
            yield f"{name}: {what}: {parity.first_difference(here, there)}"
    for one, other in zip(sections(english), sections(korean)):
        for what, compare in IN_SECTIONS.items():
            if wrong := compare(one, other):
                title = one.partition("\n")[0]
                yield f"{name}: {title}: {what}: {wrong}"


def blocks(name, text):
    """Each block's language and lines, without the comments."""
    return [
        (fence.language, [REMARK.sub("", line).rstrip() for line in fence.lines])
        for fence in fences(name, text)
    ]


def targets(name, text):
    """Where the links lead; within the text, which of its headings that is."""
    headings = {f"#{anchor}": n for n, anchor in enumerate(anchors(text))}
    return sorted(str(headings.get(to, to)) for to in links(name, text))


def anchors(text):
    """What GitHub makes of the headings, to link to them."""
    titles = HEADING.findall(without_fences(text))
    return [re.sub(r"[^\w -]", "", t.strip().lower()).replace(" ", "-") for t in titles]


def sections(text):
    """The text without its blocks, cut before each heading."""
    return re.split(r"^(?=#+ )", without_fences(text), flags=re.MULTILINE)


def other_names(english, korean):
    """Names in backticks that only one of them has, or has more often."""
    here, there = Counter(spans(english)), Counter(spans(korean))
    return apart(here - there, there - here)


def spans(text):
    """The names, a page of the walkthrough being the same in both languages."""
    names = (" ".join(span.split()) for span in SPAN.findall(text))
    return [re.sub(r"\bdocs/(en|ko)/", "docs/", name) for name in names]


def apart(lacks, more):
    lacks, more = sorted(lacks.elements()), sorted(more.elements())
    return f"lacks {lacks}, has too much {more}" if lacks or more else ""


def other_numbers(english, korean):
    """Numbers that one of them has alone, in digits or in English words."""
    english, korean = NOT_PROSE.sub("", english), NOT_PROSE.sub("", korean)
    here, there = Counter(digits(english)), Counter(digits(korean))
    in_words = Counter(str(WORDS[word.lower()]) for word in WORD.findall(english))
    return apart(here - there, there - here - in_words)


def digits(text):
    return [number.replace(",", "") for number in NUMBER.findall(text)]


def other_shape(english, korean):
    """A list or a table that has not as many items, rows or columns."""
    here, there = shape(english), shape(korean)
    return "" if here == there else f"{here} in English, {there} in Korean"


def shape(section):
    rows = [line for line in section.split("\n") if line.startswith("|")]
    columns = [SPAN.sub("", row).count("|") - 1 for row in rows]
    return {"items": len(ITEM.findall(section)), "columns of rows": columns}


WHOLE = {
    "headings": parity.headings,
    "blocks": blocks,
    "directives": parity.directives,
    "links": targets,
}
IN_SECTIONS = {"names": other_names, "numbers": other_numbers, "shape": other_shape}
