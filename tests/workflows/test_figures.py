"""The committed figures match the plays; docs/assets/ci says how they are made."""

import pytest

from tests.baking import ROOT
from tests.workflows.figures import table

FIGURES = ROOT / "docs/assets/ci"


@pytest.mark.parametrize("name", ["green.md", "broken.md"])
def test_a_comment_shows_the_coverage_of_all_tests(name):
    assert "Coverage: **" in (FIGURES / name).read_text(encoding="utf-8")


def test_the_table_has_the_faults_that_are_played():
    assert (FIGURES / "faults.md").read_text(encoding="utf-8") == table()
