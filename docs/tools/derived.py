"""All that is derived: listings, numbers, figures, the reference pages."""

from docs.tools import (
    DOCS,
    LANGUAGES,
    ROOT,
    figures,
    imports,
    listings,
    numbers,
    pages,
    reference,
    timelines,
)
from docs.tools.parsing import Mistake


def wanted():
    """What every derived file must hold, by path, as bytes, and the mistakes."""
    found = {path: text.encode() for path, text in reference.pages().items()}
    mistakes = []
    for page in [page for language in LANGUAGES for page in pages(language)]:
        try:
            found.setdefault(page, refreshed(page).encode())
        except Mistake as mistake:
            mistakes.append(str(mistake))
    for name, entries in numbers.side().items():
        try:
            text = imports.with_diagram(name, (ROOT / name).read_text(encoding="utf-8"))
            found[ROOT / name] = numbers.filled(name, text, entries).encode()
        except Mistake as mistake:
            mistakes.append(str(mistake))
    found |= {path: text.encode() for path, text in figures.drawings().items()}
    return found | figures.derived() | timelines.derived(), mistakes


def refreshed(page):
    name, text = page.relative_to(DOCS), page.read_text(encoding="utf-8")
    return numbers.refreshed(name, listings.refreshed(name, text))


def stale():
    """The files that are not what they must be. Raises all mistakes at once."""
    contents, mistakes = wanted()
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return [path for path, content in contents.items() if differs(path, content)]


def differs(path, content):
    return not path.is_file() or path.read_bytes() != content


def refresh():
    """Rewrite what is stale; gives the names, then raises the mistakes."""
    contents, mistakes = wanted()
    for path, content in contents.items():
        if differs(path, content):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            yield path.relative_to(ROOT).as_posix()
    if mistakes:
        raise Mistake("\n".join(mistakes))
