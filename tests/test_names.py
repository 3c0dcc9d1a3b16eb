"""A name may hold anything a person can type; every rendered file stays valid."""

import json
import re

import hcl2
import pytest
from markdown_it import MarkdownIt

from tests.files import rendered_by_jinja
from tests.test_rendering import parse

NAMES = {
    "quotes": """The "Reader's" `Library`""",
    "triple quotes": '''\'\'\'Library""" \'\'\'''',
    "markup": "<b>R&D</b> &amp; <!-- Library -->",
    "backslash": "C:\\new\\table \\",
    "jinja": "{{ 7 * 7 }} {% raw %} {# Library #}",
    "unclosed jinja": "{{ Library",
    "shell": "$(id) `id` ${HOME} $HOME; # Library",
    "terraform": "${path.module} %{ if true }Library",
    "yaml": "- Library: *api # & [1, {2}]",
    "markdown": "# **Library** _a_ [b](c) ![d](e) ~~f~~ #",
    "korean": "우리 동네 도서관",
    "emoji": "📚 Library 👩‍💻🇰🇷",
    "right to left": "مكتبة Library",
    "long": "Library " * 30 + "API",
}
FITTING = re.compile(r"(?=.{3,40}\Z)[a-z][a-z0-9]*(-[a-z0-9]+)*")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_rendered_file_stays_valid(baker, name, language):
    baked = baker.type_in(project_name=name, author_name=name, language=language)
    for file in rendered_by_jinja(baked.files()):
        parse(file, baked.read(file))
    assert f"Copyright (c) {name}\n" in baked.read("LICENSE")
    assert heading(baked.read("README.md")) == name.strip()


@pytest.mark.parametrize(
    "key_pair",
    ['my "key"', "back\\slash\\", "${path.module} %{ if true }", "it's & <co>"],
)
def test_every_key_pair_name_arrives_in_terraform(baker, key_pair):
    baked = baker.type_in(key_pair_name=key_pair)
    values = hcl2.loads(baked.read("terraform/prod.tfvars"))
    assert as_terraform_reads_it(values["key_pair_name"]) == key_pair


def as_terraform_reads_it(quoted):
    """The text that a string in quotes stands for: as in JSON, but for templates."""
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", quoted), "it is a template"
    return json.loads(quoted.replace("$${", "${").replace("%%{", "%{"))


def heading(markdown):
    """The text of the first heading, as a reader sees it."""
    tokens = MarkdownIt().parse(markdown)
    title = next(i for i, token in enumerate(tokens) if token.tag == "h1")
    return "".join(child.content for child in tokens[title + 1].children)


@pytest.mark.parametrize("name", [*NAMES.values(), "2026", "a", "3D", "📚", "¡!", "-"])
def test_the_default_slug_fits_any_name(baker, name):
    baked = baker.type_in(project_name=name, project_slug="")
    assert FITTING.fullmatch(baked.path.name)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Library API", "library-api"),
        ("우리 도서관", "uri-doseogwan"),
        ("2026 Library", "library-2026-library"),
        ("📚", "library"),
    ],
)
def test_the_default_slug_is_read_off_the_name(baker, name, slug):
    assert baker.type_in(project_name=name, project_slug="").path.name == slug
