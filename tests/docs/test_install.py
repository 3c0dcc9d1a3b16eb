"""No page says to install into the system's Python: Debian and Homebrew refuse it."""

import re

import pytest

PIP = re.compile(r"[^\s`]*(?:python3? -m )?pip3? install[^\n`]*")
# The pip of a virtual environment is named by its path.
INSIDE = re.compile(r"\S+/bin/(pip|python)")
KINDS = {".md", ".toml", ".yml", ".yaml", ".html"}


def told(text):
    """What a text tells to do with pip outside of a virtual environment."""
    return [found for found in PIP.findall(text) if not INSIDE.match(found)]


@pytest.mark.parametrize(
    "command",
    ["pip install cookiecutter", "python3 -m pip install x", "pip3 install x"],
)
def test_a_pip_of_the_system_is_found(command):
    assert told(f"```console\n$ {command}\n```") == [command]
    assert told(f"run `{command}` first") == [command]
    assert told(f"~/venv/bin/{command}") == []


def test_no_page_tells_to_install_outside_a_virtual_environment(template):
    # setup-python makes a Python that a job has for itself.
    pages = [
        path
        for path in template.rglob("*")
        if path.suffix in KINDS and "workflows" not in path.parts
    ]
    assert template / "README.md" in pages
    found = {
        str(page.relative_to(template)): bad
        for page in pages
        if (bad := told(page.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "page",
    ["README.md"]
    + [f"docs/{x}/walkthrough/00-render-and-run.md" for x in ("en", "ko")],
)
def test_the_first_way_to_cookiecutter_needs_no_installation(template, page):
    text = (template / page).read_text(encoding="utf-8")
    ways = [text.index(way) for way in ("uvx cookiecutter", "pipx run cookiecutter")]
    assert ways == sorted(ways)
    assert ways[-1] < text.index("pip install cookiecutter")
