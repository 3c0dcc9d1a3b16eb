"""What keeps the site true: reads, runs and writes docs/en and docs/ko."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PROJECT = ROOT / "{{cookiecutter.project_slug}}"
# The project's texts that are there in both languages, by language.
TEXTS = ROOT / "templates"
LANGUAGES = ("en", "ko")


def pages(language):
    """All pages of a language, in order of their names."""
    return sorted((DOCS / language).rglob("*.md"))


def name_of(page):
    """A page's name inside its language, such as `walkthrough/01-the-api.md`."""
    return page.relative_to(DOCS).as_posix().partition("/")[2]


def source(name):
    """The file that a page names: of the rendered project, or `template:` of ours.

    A text that the project includes by its language is read in English.
    """
    if name.startswith("template:"):
        return ROOT / name.removeprefix("template:")
    english = TEXTS / "en" / name
    return english if english.is_file() else PROJECT / name
