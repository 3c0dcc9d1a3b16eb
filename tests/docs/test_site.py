"""The site builds strictly, and no link in it is dead."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

from docs.tools import site
from tests.baking import ROOT


@pytest.fixture(scope="module")
def built(once):
    """The site, built once for all workers."""
    return once("site", lambda folder: site.build(folder))


class Page(HTMLParser):
    """What a page links to, and the anchors it has."""

    def __init__(self, path):
        super().__init__()
        self.to, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.to += [found[key] for key in ("href", "src") if found.get(key)]
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}


def test_no_link_in_the_built_site_is_dead(built):
    pages = {path: Page(path) for path in built.rglob("*.html")}
    dead, checked = [], 0
    for path, page in pages.items():
        base = "https://site/" + path.relative_to(built).as_posix()
        for to in page.to:
            url, anchor = urldefrag(urljoin(base, to))
            if urlsplit(url).netloc != "site" or path.name == "404.html":
                continue
            checked += 1
            target = built / unquote(urlsplit(url).path).lstrip("/")
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                dead.append(f"{base}: {to}")
            elif (
                anchor
                and target in pages
                and unquote(anchor) not in pages[target].anchors
            ):
                dead.append(f"{base}: no anchor {to}")
    assert dead == []
    assert checked > 500


def test_no_page_fetches_anything_from_elsewhere(built):
    loads = re.compile(
        r"<(?:script|img|link|iframe)[^>]+(?:src|href)=\"?(https?://[^\s\">]+)"
    )
    found = {
        (path.relative_to(built).as_posix(), url)
        for path in built.rglob("*.html")
        for url in loads.findall(path.read_text(encoding="utf-8"))
        if "canonical" not in url
    }
    assert found == set()


def test_the_links_of_the_templates_own_pages_lead_somewhere():
    link = re.compile(r"\]\((?!https?:)([^)#\s]+)")
    dead = [
        f"{name}: {to}"
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
        for to in link.findall((ROOT / name).read_text(encoding="utf-8"))
        if not (ROOT / unquote(to)).exists()
    ]
    assert dead == []
