"""Both languages have the same pages, and each says the same with the same names."""

import tomllib

import pytest

from docs.tools import DOCS, facts, name_of, names, pages, parity, source
from docs.tools.parsing import fences

PAIRS = {name: (english, korean) for name, english, korean in parity.pairs()}


def test_every_page_is_there_in_both_languages():
    assert list(parity.missing()) == []


@pytest.mark.parametrize("name", PAIRS)
def test_the_korean_page_has_all_of_the_english(name):
    assert list(parity.differences(name, *PAIRS[name])) == []


def menu(language):
    config = tomllib.loads((DOCS / f"zensical.{language}.toml").read_text("utf-8"))
    entries = config["project"]["nav"]
    inner = (
        list(each.values())[0] if isinstance(each, dict) else [each] for each in entries
    )
    return [name for group in inner for name in group]


def test_both_menus_hold_every_page_in_the_same_order():
    assert menu("ko") == menu("en")
    assert sorted(menu("en")) == sorted(name_of(page) for page in pages("en"))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_stands_in_backticks_exists(language):
    unknown = [
        line
        for page in pages(language)
        for line in names.unknown(page.relative_to(DOCS), page.read_text("utf-8"))
    ]
    assert unknown == []


def texts_of(names):
    return "\n".join(source(name).read_text("utf-8") for name in names)


def test_what_is_quoted_stands_in_its_files():
    quotes = [
        (fence.place, line, texts_of(fence.directives["quoted"].split()))
        for page in pages("en")
        for fence in fences(name_of(page), page.read_text("utf-8"))
        if "quoted" in fence.directives
        for line in fence.lines
    ]
    assert [(where, line) for where, line, text in quotes if line not in text] == []
    assert quotes


def test_chapter_0_shows_the_questions_that_are_asked():
    page = (DOCS / "en/walkthrough/00-render-and-run.md").read_text("utf-8")
    asked = [question for _, question, _ in facts.prompts()]
    shown = [f"[{n}/{len(asked)}] {text}" for n, text in enumerate(asked, 1)]
    assert [line for line in shown if f"\n{line}" not in page] == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_first_chapter_shows_every_question(language):
    page = (DOCS / language / "walkthrough/00-render-and-run.md").read_text("utf-8")
    questions = [question for _, question, _ in facts.prompts()]
    shown = [f"[{n}/{len(questions)}] {q}" for n, q in enumerate(questions, 1)]
    assert [line for line in shown if line not in page] == []
