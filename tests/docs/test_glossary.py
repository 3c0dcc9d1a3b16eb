"""Both glossaries hold the same terms, and every Korean text uses them."""

import re
import tomllib

import pytest

from docs.tools import DOCS, pages
from docs.tools.parsing import COMMENT, without_fences
from tests.baking import ROOT

GLOSSARY = "explanation/glossary.md"
CODE = re.compile(r"`[^`]+`")
TEXTS = [
    *pages("ko"),
    *sorted((ROOT / "templates/ko").rglob("*.md")),
    *sorted((ROOT / "coursework").rglob("*ko.md")),
]
SENTENCES = [
    each
    for each in sorted((ROOT / "coursework").rglob("*.toml"))
    if each.name != "answers.toml"
]


def rows(language):
    """The cells of each row of the glossary, without its head."""
    lines = (DOCS / language / GLOSSARY).read_text("utf-8").split("\n")
    table = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in table[2:]]


def refused():
    """Each word that is not used, and the one that is."""
    return {
        word.strip(): korean
        for korean, _, _, instead in rows("ko")
        for word in instead.split(",")
        if word.strip()
    }


def words(path):
    """A page's text in one line, without code and comments."""
    text = COMMENT.sub("", without_fences(path.read_text("utf-8")))
    return " ".join(CODE.sub("", text).split())


def test_both_glossaries_hold_the_same_terms():
    english = [(term, korean) for term, korean, _ in rows("en")]
    assert english == [(term, korean) for korean, term, _, _ in rows("ko")]
    assert len(set(english)) == len(english) > 20


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_korean_text_says_it_as_the_glossary_does(path):
    if path == DOCS / "ko" / GLOSSARY:
        return
    said = words(path)
    assert [f"{w}: {use}" for w, use in refused().items() if w in said] == []


def korean(value):
    """What a table of TOML says in Korean."""
    if isinstance(value, list):
        return [text for each in value for text in korean(each)]
    if not isinstance(value, dict):
        return []
    texts = [text for each in value.values() for text in korean(each)]
    return [value["ko"], *texts] if isinstance(value.get("ko"), str) else texts


@pytest.mark.parametrize(
    "path", SENTENCES, ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_sentence_of_the_coursework_does_too(path):
    said = korean(tomllib.loads(path.read_text("utf-8")))
    assert said != []
    wrong = [(text, word) for text in said for word in refused() if word in text]
    assert wrong == []


def test_every_term_is_used():
    said = " ".join(words(path) for path in pages("ko") if path.name != "glossary.md")
    terms = [word for korean, *_ in rows("ko") for word in korean.split(", ")]
    assert [word for word in terms if word not in said] == []
