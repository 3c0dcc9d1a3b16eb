"""The links of a page, as it is written."""

import re

from docs.tools.parsing import COMMENT, without_fences

LINK = re.compile(
    r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<to>[^)\s]+)(?: \"[^\"]*\")?\)"
    r"|<(?P<url>https?://[^>]+)>"
)
SPAN = re.compile(r"`[^`\n]*`")


def links(page, text):
    """Where a page's links and pictures point."""
    text = SPAN.sub("", COMMENT.sub("", without_fences(text, page)))
    return [match["to"] or match["url"] for match in LINK.finditer(text)]


def within(page, text):
    return [to for to in links(page, text) if not to.startswith("http")]


def outward(page, text):
    return [to for to in links(page, text) if to.startswith("http")]
