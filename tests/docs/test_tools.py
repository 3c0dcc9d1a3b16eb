"""The tools that check the site find its mistakes."""

import shutil

import pytest

from docs.tools import (
    facts,
    imports,
    listings,
    names,
    numbers,
    parity,
    reference,
    site,
    sizes,
)
from docs.tools.normal import matches
from docs.tools.parsing import Mistake, commands, fences
from docs.tools.running import rewrite, run_page
from docs.tools.steps import steps


@pytest.mark.parametrize(
    "shown, printed",
    [
        (["took 3 ms"], ["took 12.4 ms"]),
        (["at 2026-11-23T00:13:04Z"], ["at 2031-01-02T03:04:05.678Z"]),
        (["token eyJhbGciOi…"], ["token eyJhbGciOi.eyJ0b2tlbl.c2lnbmF0dXJl"]),
        (["first", "...", "last"], ["first", "a", "b", "last"]),
        (["first", "...", "last"], ["first", "last"]),
        (["ID 0123456789abcdef"], ["ID fedcba98765432100", ""]),
        (["… passed in 3 s"], ["14 passed in 20 s"]),
    ],
)
def test_what_varies_is_no_difference(shown, printed):
    assert matches(shown, printed)


@pytest.mark.parametrize(
    "shown, printed",
    [
        (["501 queries"], ["2 queries"]),
        (["200"], ["500"]),
        (["one"], ["one", "two"]),
        (["one", "two"], ["one"]),
        (["HIT"], ["MISS"]),
        (["...", "end"], ["end", "more"]),
    ],
)
def test_everything_else_is(shown, printed):
    assert not matches(shown, printed)


def test_a_listing_that_drifted_is_rewritten():
    page = '<!-- listing: books/apps.py "class BooksConfig" -->\n```python\nold\n```'
    now = listings.refreshed("page", page)
    assert 'watch(Book, "books"' in now and "old" not in now
    assert listings.refreshed("page", now) == now


@pytest.mark.parametrize(
    "said, why",
    [
        ('books/gone.py "class A"', "no file"),
        ('books/apps.py "class Gone"', "0 lines begin"),
        ('books/views.py "def get("', "lines begin"),
    ],
)
def test_a_listing_without_a_source_is_a_mistake(said, why):
    with pytest.raises(Mistake, match=why):
        listings.refreshed("page", f"<!-- listing: {said} -->\n```python\n```")


def test_a_number_is_what_its_report_says():
    shown = "page 9<!-- = template:docs/figures.json a.0.b .1f -->"
    with pytest.raises(Mistake, match="no file"):
        numbers.refreshed("page", shown)
    assert numbers.look_up({"a": [{"b": 1.25}]}, "a.0.b", "") == 1.25
    assert numbers.shaped(1.25, ".1f") == "1.2"
    quote = '2<!-- = template:README.md "make demo" -->'
    with pytest.raises(Mistake, match="does not hold 2"):
        numbers.refreshed("page", quote)
    with pytest.raises(Mistake, match="does not say"):
        numbers.refreshed("page", '2<!-- = template:README.md "2 of nothing" -->')


SIDE = {"given": ["Python 3.11"], "from": {"the cache has {} lines": "lines caching"}}


def said(lines, more=""):
    text = f"It needs Python 3.11, and the cache\nhas {lines} lines. {more}"
    return list(numbers.wrong("page", text, SIDE))


def test_a_number_without_a_comment_is_held_to_its_source():
    exact = sizes.lines(["caching"])
    assert said(f"{exact:,}") == said(f"{exact + 99:,}") == []
    (line,) = said("9,999")
    assert line.startswith("page: 'the cache has {} lines' says 9,999, and lines cach")
    now = numbers.filled("page", "the cache has 9,999 lines", SIDE)
    assert now == f"the cache has {round(exact, -2):,} lines"


def test_a_number_in_a_column_ends_where_it_did():
    assert numbers.in_column("a/   ", "900", "1,100") == "a/ 1,100"
    assert numbers.in_column("a/ ", "900", "1,100") == "a/ 1,100"
    assert numbers.in_column("a/  ", "1,100", "900") == "a/    900"


def test_a_number_must_be_named_and_what_is_named_be_there():
    count = f"{sizes.lines(['caching']):,}"
    assert said(count, "`EC2 4`, IPv4, [two](3.md)") == []
    (line,) = said(count, "It took 36 seconds.")
    assert line == "page:2: where does 36 come from? docs/numbers.toml"
    once = f"the cache has {count} lines"
    (line,) = numbers.wrong("page", once, SIDE)
    assert line == "docs/numbers.toml: page does not say 'Python 3.11'"
    for text in ("nothing", f"{once}, {once}"):
        with pytest.raises(Mistake, match="page says 'the cache has {} lines' . times"):
            numbers.filled("page", text, SIDE)
    with pytest.raises(Mistake, match="no folder or file gone"):
        sizes.lines(["gone"])


def test_arrows_are_the_imports_without_what_others_imply(monkeypatch):
    everything = {("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d")}
    assert everything - imports.implied(everything) == {
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
    }
    imported, named = imports.arrows()
    assert ("common", "caching") in imported and ("config", "loans") in named
    assert not {a for a, _ in imported if a == "caching"}
    head = "lab: lab\n" + imports.MARK
    with pytest.raises(Mistake, match="no box for .*tests"):
        imports.drawing(head, "page.d2")
    monkeypatch.setattr(imports, "packages", lambda: ["lab", "tests"])
    both = "lab: lab\ntests: tests\n" + imports.MARK
    assert imports.drawing(f"{both}old -> arrow\n", "page.d2") == (
        f"{both}lab -> tests\n"
    )


ENGLISH = """# One
<!-- start: template -->
## Two
```console
$ true
```
![a picture](../figures/a.svg)
"""


@pytest.mark.parametrize(
    "gone, what",
    [
        ("## Two\n", "headings"),
        ("$ true", "blocks"),
        ("```console\n$ true\n```\n", "blocks"),
        ("![a picture](../figures/a.svg)", "figures"),
        ("<!-- start: template -->\n", "directives"),
    ],
)
def test_what_the_korean_page_lacks_is_named(gone, what):
    assert list(parity.differences("page", ENGLISH, ENGLISH)) == []
    found = list(parity.differences("page", ENGLISH, ENGLISH.replace(gone, "")))
    assert any(line.startswith(f"page: {what}:") for line in found)


@pytest.mark.parametrize(
    "text",
    ["`make gone`", "`manage.py gone`", "`books/gone.py`", "`GONE_URL=on`"],
)
def test_a_name_that_nothing_has_is_found(text):
    assert len(list(names.unknown("page", text))) == 1
    known = "`make run` `manage.py migrate` `books/` `REDIS_URL`"
    assert list(names.unknown("page", known)) == []


def test_the_reference_misses_nothing(monkeypatch):
    added = {**facts.settings(), "NEW_SETTING": ("str", "")}
    monkeypatch.setattr(facts, "settings", lambda: added)
    with pytest.raises(Mistake, match="NEW_SETTING"):
        reference.page("settings", "en")
    targets = facts.targets
    monkeypatch.setattr(facts, "targets", lambda of: [*targets(of), ("new", "New")])
    with pytest.raises(Mistake, match="new"):
        reference.page("make", "ko")


def test_the_reference_keeps_nothing_that_is_gone(monkeypatch):
    left = {k: v for k, v in facts.settings().items() if k != "CACHE_TTL"}
    monkeypatch.setattr(facts, "settings", lambda: left)
    with pytest.raises(Mistake, match="CACHE_TTL"):
        reference.page("settings", "en")


def test_a_dead_link_or_anchor_stops_the_build(tmp_path, monkeypatch):
    shutil.copytree(site.DOCS, tmp_path / "docs")
    monkeypatch.setattr(site, "DOCS", tmp_path / "docs")
    page = tmp_path / "docs/en/how-to/roll-back.md"
    page.write_text("# Roll back\n\n[a](gone.md) [b](move-to-rds.md#gone)\n")
    with pytest.raises(Mistake) as refused:
        site.build_language("en", tmp_path)
    assert "how-to/roll-back.md:3:" in str(refused.value)
    assert "page does not exist" in str(refused.value)
    assert "anchor does not exist" in str(refused.value)


@pytest.mark.parametrize(
    "page, why",
    [
        ("```bash\nls\n```", "write `console`"),
        ("<!-- skip: no -->\n```console\n$ ls\n```", "needs a reason"),
        ("```console\nls\n```", "begins with"),
        ("```console\n$ ls\n", "never closed"),
        ("```console\n$ a \\\n    b\n```", "goes on after `> `"),
        ("```console\n$ until false; do sleep 1; done\n```", "count a loop's rounds"),
    ],
)
def test_a_block_that_can_not_be_run_is_a_mistake(page, why):
    with pytest.raises(Mistake, match=why):
        steps("page", page)


def test_commands_and_outputs_are_told_apart():
    (fence,) = fences("page", "```console\n$ a \\\n>   b\n>\nout\n$ c\n```")
    first, second = commands(fence.lines)
    assert (first.text, first.shown) == ("a \\\n  b\n", ["out"])
    assert (second.text, second.shown) == ("c", [])


PAGE = """
```console
$ wrong=1; touch left.txt kept.bak
$ echo $((wrong + 1))
3
$ pwd
/home/mina/library-api
```

<!-- exit: 3 -->
```console
$ (exit 3)
```

```console
$ false
```
"""


def test_a_page_that_is_wrong_is_told_so_and_can_be_rewritten(
    project, template, tmp_path, monkeypatch
):
    page = tmp_path / "docs/en/page.md"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE)
    monkeypatch.setattr("docs.tools.running.DOCS", tmp_path / "docs")
    monkeypatch.setattr("docs.tools.DOCS", tmp_path / "docs")
    done = run_page(page, project.path, template, tmp_path / "run")
    assert (done.blocks, done.commands) == (3, 5)
    wrong, failed = done.problems
    assert "page.md:2: $ echo $((wrong + 1))" in wrong
    assert "exit code 1, not 0: false" in failed
    # git ignores *.bak.
    assert done.left == ["?? left.txt"]
    assert rewrite(page, done) == 1
    assert page.read_text() == PAGE.replace("\n3\n", "\n2\n")


TERMINALS = """
```console
$ here=1
```

<!-- terminal: 2 -->
```console
$ echo "$here"
nothing of terminal 1
```

<!-- terminal: 1 -->
<!-- serve: http://localhost:8000/ -->
```console
$ .venv/bin/python -m http.server 8000
```

```console
$ true
```
"""


def test_terminals_share_nothing_and_a_server_holds_its_own(
    project, template, tmp_path, monkeypatch
):
    page = tmp_path / "docs/en/page.md"
    page.parent.mkdir(parents=True)
    page.write_text(TERMINALS)
    monkeypatch.setattr("docs.tools.running.DOCS", tmp_path / "docs")
    monkeypatch.setattr("docs.tools.DOCS", tmp_path / "docs")
    done = run_page(page, project.path, template, tmp_path / "run")
    differs, held = done.problems
    assert "it printed:\n    (nothing)" in differs
    assert held == "a server runs in this terminal, use another: true"
