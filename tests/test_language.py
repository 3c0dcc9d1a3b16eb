"""The texts are in the language of the answer, and say the same in both."""

import posixpath
import re
import shutil

import pytest

from docs.tools import TEXTS, facts, links, names, twins
from tests.baking import FOLDER, LANGUAGES, ROOT, BakedProject
from tests.files import rendered_by_jinja

HANGUL = re.compile(r"[\uac00-\ud7a3]")
JINJA = re.compile(r"\{[{%#]")
INCLUDE = '{% include cookiecutter.language ~ "/NAME" -%}\n'


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


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_say_the_same(name):
    english, korean = (text(language, name) for language in LANGUAGES)
    assert list(twins.differences(name, english, korean)) == []


TWIN = """# One

Two minutes, 15 USD: `make run`, see [below](#three).

```shell
make run    # serve it
```

| a | b |
|---|---|
| `c` | 1,000 |

## Three

- a
- b
"""


def test_a_twin_may_differ_in_words_alone():
    korean = TWIN.replace("serve it", "실행합니다").replace("Two minutes", "2분")
    korean = korean.replace("# One", "# 하나").replace("#three", "#셋")
    korean = korean.replace("## Three", "## 셋")
    assert list(twins.differences("page", TWIN, korean)) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("## Three\n", "", "page: headings:"),
        ("make run    #", "make up    #", "page: blocks:"),
        ("(#three)", "(#four)", "page: links:"),
        ("[below](#three)", "below", "page: links:"),
        ("15 USD", "16 USD", "page: # One: numbers: lacks ['15'], has too much ['16']"),
        ("Two", "3", "page: # One: numbers: lacks [], has too much ['3']"),
        ("1,000", "100", "page: # One: numbers:"),
        ("`make run`", "`make up`", "page: # One: names:"),
        ("- b\n", "", "page: ## Three: shape:"),
        ("| `c` | 1,000 |", "| `c` 1,000 |", "page: # One: shape:"),
    ],
)
def test_a_twin_that_drifts_is_told_where(old, new, told):
    lines = list(twins.differences("page", TWIN, TWIN.replace(old, new, 1)))
    assert [line for line in lines if line.startswith(told)] != []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_what_stands_in_backticks_exists(language, name):
    assert list(names.unknown(name, text(language, name))) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_every_link_within_the_project_leads_somewhere(language, name):
    folder = posixpath.dirname(name)
    for to in links.within(name, text(language, name)):
        path, _, heading = to.partition("#")
        file = posixpath.normpath(posixpath.join(folder, path)) if path else name
        assert (ROOT / FOLDER / file).exists(), to
        assert not heading or heading in twins.anchors(text(language, file)), to


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


def test_without_its_words_make_help_says_the_makefiles(bake):
    korean = bake(language="ko")
    (korean.path / "tools/help.list").unlink()
    assert helped(korean) == TARGETS
