"""Every command that the site shows does what the page says, in a fresh project."""

import pytest

from docs.tools import name_of, names, pages
from docs.tools.running import executed, run_page
from docs.tools.steps import steps
from tests.baking import ROOT

RUN = [name_of(page) for page in pages("en") if executed(page)]


@pytest.mark.minutes(0.6)
@pytest.mark.deep
@pytest.mark.parametrize("name", RUN)
def test_the_commands_of(name, project, template, tmp_path, record_property):
    done = run_page(ROOT / "docs/en" / name, project.path, template, tmp_path / "run")
    record_property("blocks", done.blocks)
    assert done.problems == [], "\n".join(done.problems)
    assert done.blocks > 0


def test_what_is_not_run_says_why_and_names_what_exists():
    reasons = [
        (page, step.place, word.strip(".,;:()"))
        for page in pages("en")
        for step in steps(name_of(page), page.read_text(encoding="utf-8"))
        for word in step.skip.split()
    ]
    paths = [reason for reason in reasons if names.PATH.fullmatch(reason[2])]
    assert paths
    assert [
        (place, word) for page, place, word in paths if not names.exists(word, page)
    ] == []
