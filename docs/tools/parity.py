"""What the Korean page must have of the English one, and lacks."""

import re

from docs.tools import DOCS, name_of, pages
from docs.tools.links import links
from docs.tools.parsing import COMMENT, fences, without_fences

HEADING = re.compile(r"^(#+) ", re.MULTILINE)
# Prose that is shown as a block: the words are each language's own.
TRANSLATED = "translated"


def missing():
    """Differences between the sets of pages, in words."""
    english, korean = ({name_of(p) for p in pages(kind)} for kind in ("en", "ko"))
    yield from (f"{n}: no Korean page" for n in sorted(english - korean))
    yield from (f"{n}: no English page" for n in sorted(korean - english))


def pairs():
    """The pages that are there in both languages: the name, English, Korean."""
    for page in pages("en"):
        name = name_of(page)
        twin = DOCS / "ko" / name
        if twin.is_file():
            yield name, page.read_text("utf-8"), twin.read_text("utf-8")


def differences(name, english, korean):
    """What the Korean page lacks or has too much, one line each."""
    for what, of in KINDS.items():
        here, there = of(name, english), of(name, korean)
        if here != there:
            yield f"{name}: {what}: {first_difference(here, there)}"


def first_difference(here, there):
    for index, (one, other) in enumerate(zip(here, there)):
        if one != other:
            return f"number {index + 1} is {short(one)} in English, {short(other)}"
    return f"{len(here)} in English, {len(there)} in Korean"


def short(value):
    text = str(value).replace("\n", " | ")
    return text if len(text) <= 160 else text[:160] + " …"


def headings(name, text):
    return [len(marks) for marks in HEADING.findall(without_fences(text, name))]


def blocks(name, text):
    """Each block's language and lines; not the words of those that are prose."""
    return [
        (f.language, [] if TRANSLATED in f.directives else f.lines)
        for f in fences(name, text)
    ]


def directives(name, text):
    """What the comments say, hidden commands among them."""
    said = COMMENT.findall(without_fences(text, name))
    return [" ".join(each.split()) for each in said]


def pictures(name, text):
    return [to for to in links(name, text) if to.endswith((".svg", ".png"))]


def targets(name, text):
    """Where the links lead; a heading's anchor differs from language to language."""
    return sorted(to.partition("#")[0] for to in links(name, text))


KINDS = {
    "headings": headings,
    "blocks": blocks,
    "directives": directives,
    "figures": pictures,
    "links": targets,
}


def report():
    """How many pairs agree in how many things."""
    found = list(pairs())
    counts = {
        what: sum(len(of(name, english)) for name, english, _ in found)
        for what, of in KINDS.items()
    }
    things = ", ".join(f"{count} {what}" for what, count in counts.items())
    wrong = [line for pair in found for line in differences(*pair)]
    return (
        f"{len(found)} pages in both languages: {things} compared, "
        f"{len(wrong)} differences"
    )
