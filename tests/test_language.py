"""The texts are in the language of the answer, and say the same in both."""

import re
import shutil

import pytest

from docs.tools import TEXTS, facts, parity
from docs.tools.links import links
from docs.tools.names import SPAN
from docs.tools.parsing import fences, without_fences
from tests.baking import FOLDER, LANGUAGES, ROOT, BakedProject
from tests.files import rendered_by_jinja

HANGUL = re.compile(r"[\uac00-\ud7a3]")
JINJA = re.compile(r"\{[{%#]")
INCLUDE = '{% include cookiecutter.language ~ "/NAME" -%}\n'
# A comment after a command is prose, and each language's own.
REMARK = re.compile(r" +# .*")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
# One language may write these as a word, months among them.
SMALL = {str(number) for number in range(13)}


def texts(language):
    """The names of the texts in a language."""
    folder = TEXTS / language
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


def text(language, name):
    return (TEXTS / language / name).read_text(encoding="utf-8")


NAMES = texts("en")
PAGES = [name for name in NAMES if name.endswith(".md")]


def test_every_text_is_there_in_both_languages():
    assert texts("ko") == NAMES != []


@pytest.mark.parametrize("name", NAMES)
def test_the_project_includes_the_text_of_its_language(name):
    including = (ROOT / FOLDER / name).read_text(encoding="utf-8")
    assert including == INCLUDE.replace("NAME", name)
    assert name in rendered_by_jinja([name])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_only_the_readme_holds_jinja(language, name):
    """Jinja reads an included text: `${{` or `{#` would break it."""
    if name != "README.md":
        assert not JINJA.search(text(language, name))


def test_a_project_holds_the_texts_of_its_language_alone(bake, rendered):
    korean = bake(language="ko")
    assert korean.files() == rendered.files()
    english, korean = rendered.contents(), korean.contents()
    assert {name for name in korean if korean[name] != english[name]} == set(NAMES)
    for name in NAMES:
        assert not HANGUL.search(english[name].decode()), name
        assert HANGUL.search(korean[name].decode()), name


def commands(name, page):
    """Each block's language and lines, without the remarks in them."""
    return [
        (fence.language, [REMARK.sub("", line).rstrip() for line in fence.lines])
        for fence in fences(name, page)
    ]


def tables(name, page):
    """How many cells each row of each table has."""
    return [len(re.split(r"(?<!\\)\|", row)) for row in ROW.findall(page)]


def numbers(name, page):
    """The numbers above twelve, in no order: a sentence's order is its language's."""
    return sorted(each for each in NUMBER.findall(page) if each not in SMALL)


def spans(name, page):
    """What stands in backticks, each once, in no order."""
    prose = re.sub("docs/(en|ko)/", "docs/", without_fences(page, name))
    return sorted(set(SPAN.findall(prose)))


KINDS = {
    "headings": parity.headings,
    "commands": commands,
    "links": parity.targets,
    "tables": tables,
    "numbers": numbers,
    "names": spans,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_the_same(name, kind):
    english, korean = (KINDS[kind](name, text(lang, name)) for lang in LANGUAGES)
    if english != korean:
        pytest.fail(f"{name}: {kind}: {parity.first_difference(english, korean)}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_link_to_a_heading_finds_it(language, name):
    page = text(language, name)
    titles = re.findall(r"^#+ (.*)", without_fences(page, name), re.MULTILINE)
    anchors = [
        re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in titles
    ]
    within = [to[1:] for to in links(name, page) if to.startswith("#")]
    assert [to for to in within if to not in anchors] == []


# What a target's text tells to type.
ARGUMENT = re.compile(r"(?a)[A-Z]+=[\w.\"-]+|--\w+|\w+\.(?:yaml|in|txt)|http\S+")
TARGETS = dict(facts.targets(ROOT / FOLDER / "Makefile"))


def helped(project):
    """What `make help` lists: each target's text, by name."""
    lines = project.run("make", "help").splitlines()
    return dict(line.removeprefix("  make ").split(maxsplit=1) for line in lines)


def test_make_help_speaks_the_language_of_the_project(bake, rendered):
    assert helped(rendered) == TARGETS
    korean = helped(bake(language="ko"))
    assert list(korean) == list(TARGETS)
    assert [name for name in korean if not HANGUL.search(korean[name])] == []
    for name, english in TARGETS.items():
        typed, typed_in_korean = map(ARGUMENT.findall, (english, korean[name]))
        assert typed == typed_in_korean, name


def test_make_help_works_in_place_and_shows_a_new_target(template, tmp_path):
    place = BakedProject(shutil.copytree(template / FOLDER, tmp_path / "place"))
    assert helped(place) == TARGETS
    with (place.path / "Makefile").open("a", encoding="utf-8") as makefile:
        makefile.write("\nmine: ## Do what is mine\n")
    assert helped(place) == TARGETS | {"mine": "Do what is mine"}
