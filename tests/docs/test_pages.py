"""Both languages have the same pages, and each says the same with the same names."""

import tomllib

import pytest

from docs.tools import DOCS, name_of, names, pages, parity

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
    untranslated = parity.untranslated()
    assert menu("ko") == [name for name in menu("en") if name not in untranslated]
    assert sorted(menu("en")) == sorted(name_of(page) for page in pages("en"))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_stands_in_backticks_exists(language):
    unknown = [
        line
        for page in pages(language)
        for line in names.unknown(page.relative_to(DOCS), page.read_text("utf-8"))
    ]
    assert unknown == []
