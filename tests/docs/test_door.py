"""The rendered project's README is the door to every chapter."""

import re

import pytest

from docs.tools import DOCS, PROJECT, name_of

ROW = re.compile(r"^\| \[(\d+\. [^]]*)\]\({{ cookiecutter.__docs }}/(\S+)\) \|", re.M)


@pytest.mark.parametrize(
    "language, readme", [("en", "README.md"), ("ko", "README.ko.md")]
)
def test_the_readme_leads_to_every_chapter_by_its_name(language, readme):
    pages = sorted((DOCS / language / "walkthrough").glob("*.md"))
    titles = [re.search(r"^# (.*)", page.read_text("utf-8"), re.M)[1] for page in pages]
    paths = [f"{language}/{name_of(page)}" for page in pages]
    rows = ROW.findall((PROJECT / readme).read_text("utf-8"))
    assert rows == list(zip(titles, paths, strict=True))


def test_the_links_lead_into_the_readers_own_fork(rendered):
    fork = "https://github.com/your-account/cookiecutter-django-library"
    assert f"({fork}/blob/main/docs/en/walkthrough/00-" in rendered.read("README.md")
