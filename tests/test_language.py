"""The README is in the language of the answer, and there is only one."""

import re

HANGUL = re.compile(r"[\uac00-\ud7a3]")


def test_english_is_the_default(rendered):
    assert not HANGUL.search(rendered.read("README.md"))
    assert not rendered.has_file("README.ko.md")


def test_korean_has_a_korean_readme(bake):
    korean = bake(language="ko")
    assert HANGUL.search(korean.read("README.md"))
    assert not korean.has_file("README.ko.md")


def test_only_the_readme_differs(bake, rendered):
    korean = bake(language="ko").contents()
    english = rendered.contents()
    assert korean.keys() == english.keys()
    assert {n for n in korean if korean[n] != english[n]} == {"README.md"}


def test_both_readmes_tell_the_same_commands(bake, rendered):
    korean = bake(language="ko").read("README.md")
    commands = re.compile(r"^(?:make|curl|docker|terraform) [^#\n]+", re.MULTILINE)
    assert commands.findall(korean) == commands.findall(rendered.read("README.md"))
