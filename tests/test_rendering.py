"""The defaults render exactly the files of files.txt, and each of them is valid."""

import json
import os
import re
import tomllib

import hcl2
import pytest
import yaml

from tests.baking import FOLDER
from tests.files import (
    LISTING,
    in_template,
    listing,
    rendered_by_jinja,
)

JINJA = re.compile(r"cookiecutter\.|\{\{|\{%|\{#")
PROMPT = re.compile(r"\{[{%#].*cookiecutter")


def test_the_files_are_those_of_the_listing(rendered):
    assert listing(rendered.files()) == LISTING.read_text(encoding="utf-8"), (
        "The rendered project holds other files than tests/files.txt says: "
        "run `make listing` and look at the difference."
    )


def test_jinja_stays_at_the_edge(template):
    jinja = rendered_by_jinja(in_template(template))
    assert 5 <= len(jinja) <= 15, sorted(jinja)


def test_no_jinja_is_left_in_a_rendered_file(rendered):
    for name in rendered_by_jinja(rendered.files()):
        assert not JINJA.search(rendered.read(name)), name


def test_a_verbatim_file_is_copied_byte_for_byte_and_holds_no_prompt(
    template, rendered
):
    verbatim = set(rendered.files()) - rendered_by_jinja(rendered.files())
    assert verbatim
    for name in verbatim:
        content = (rendered.path / name).read_bytes()
        assert content == (template / FOLDER / name).read_bytes(), name
        assert not PROMPT.search(content.decode(errors="replace")), name


def test_every_file_of_the_template_arrives(template, rendered):
    assert set(rendered.files()) == in_template(template)


def parse(name, text):
    """Parse a file by its name; the error names what is wrong."""
    if name.endswith((".yml", ".yaml")):
        list(yaml.safe_load_all(text))
    elif name.endswith(".toml"):
        tomllib.loads(text)
    elif name.endswith((".tf", ".tfvars", ".hcl")):
        hcl2.loads(text)
    elif name.endswith(".json"):
        json.loads(text)
    elif name.endswith(".py"):
        compile(text, name, "exec")
    else:
        return False
    return True


def test_every_file_that_a_program_reads_parses(rendered):
    parsed = {name for name in rendered.files() if parse(name, rendered.read(name))}
    kinds = {os.path.splitext(name)[1] for name in parsed}
    assert {".toml", ".py", ".yaml"} <= kinds


def test_a_second_render_is_byte_identical(bake, rendered):
    assert bake().contents() == rendered.contents()


def test_scripts_can_be_executed(rendered):
    if os.name == "nt":
        pytest.skip("Windows has no execute bit")
    for name in rendered.files():
        starts_as_script = (rendered.path / name).read_bytes().startswith(b"#!")
        assert starts_as_script == os.access(rendered.path / name, os.X_OK), name
