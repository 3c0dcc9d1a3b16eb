"""Listings, numbers, figures and the reference are what their sources say now."""

import re
from html import unescape

import pytest

from docs.tools import (
    DOCS,
    ROOT,
    derived,
    figures,
    korean,
    listings,
    numbers,
    pages,
    timelines,
)
from docs.tools.parsing import Mistake


def test_nothing_that_is_derived_has_drifted():
    stale = [path.relative_to(ROOT).as_posix() for path in derived.stale()]
    assert stale == [], "run `make docs-refresh` and read the difference"


@pytest.mark.parametrize("page", numbers.side())
def test_the_numbers_of_a_page_without_comments_are_those_of_their_sources(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert list(numbers.wrong(page, text, numbers.side()[page])) == []


def test_every_figure_is_shown_and_has_a_source():
    drawn = {path.relative_to(DOCS).as_posix() for path in figures.derived()}
    pictures = {
        path.relative_to(DOCS).as_posix()
        for pattern in ("*.svg", "*.png")
        for path in DOCS.glob(f"*/figures/{pattern}")
    }
    assert pictures == drawn
    text = "".join(p.read_text("utf-8") for p in [*pages("en"), *pages("ko")])
    assert [name for name in drawn if name.rpartition("/")[2] not in text] == []


def test_there_is_something_to_hold():
    texts = {page: page.read_text(encoding="utf-8") for page in pages("en")}
    assert sum(len(listings.listings(p, text)) for p, text in texts.items()) > 5
    assert all(numbers.refreshed(p.name, text) for p, text in texts.items())


LABEL = re.compile(r"<text[^>]*>([^<]+)</text>")
# Names are the same in Korean, and so are numbers.
NAMES = {"django-cachalot", "django-cacheops", *korean.names()}


@pytest.mark.parametrize("name", [n for n in figures.named() if n.endswith(".svg")])
def test_a_plot_on_a_korean_page_has_korean_labels(name):
    here, there = (
        LABEL.findall((DOCS / language / "figures" / name).read_text("utf-8"))
        for language in ("en", "ko")
    )
    assert len(there) == len(here) > 10
    words = [label for label in there if re.search("[A-Za-z]{2}", label)]
    same = {unescape(each) for each in words if not re.search("[가-힣]", each)}
    assert same <= NAMES


def test_what_has_no_korean_is_a_mistake():
    assert korean.translated("20 books") == "책 20권"
    for unknown in ("a new label", "20 magazines", "version of 1"):
        with pytest.raises(Mistake, match="no Korean for"):
            korean.translated(unknown)


@pytest.mark.deep
@pytest.mark.minutes(0.3)
def test_the_timelines_are_what_the_model_checker_finds(project):
    committed = (DOCS / "en" / timelines.NAME).read_text(encoding="utf-8")
    found = timelines.found(project.path)
    assert committed == found, "run `.venv/bin/python -m docs.tools timelines`"
