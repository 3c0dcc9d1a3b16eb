"""The rendered project's README is the door to every chapter."""

import re

import pytest

from docs.tools import DOCS, PROJECT

ROW = re.compile(r"^\| (\d+\. [^|]*?) \|", re.MULTILINE)


@pytest.mark.parametrize(
    "language, readme", [("en", "README.md"), ("ko", "README.ko.md")]
)
def test_the_readme_names_every_chapter_as_it_is_called(language, readme):
    pages = sorted((DOCS / language / "walkthrough").glob("*.md"))
    titles = [re.search(r"^# (.*)", page.read_text("utf-8"), re.M)[1] for page in pages]
    assert ROW.findall((PROJECT / readme).read_text("utf-8")) == titles
