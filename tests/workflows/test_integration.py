"""Integration is green on the first push, and red for exactly what is broken."""

import re

import pytest

from tests.workflows.faults import CHECKS, FAULTS
from tests.workflows.figures import keep, keep_fault

pytestmark = pytest.mark.deep
ALL = [*CHECKS, "report", "ready-to-merge"]


def test_a_fresh_project_is_green(green):
    results = {name: job.result for name, job in green.jobs.items()}
    assert results == dict.fromkeys(ALL, "success"), green.said()


def test_its_pull_request_gets_one_green_comment(green):
    (comment,) = green.comments
    assert "## ✅ Every check passed" in comment["body"], green.said()
    assert comment["body"].count("✅ passed") == len(CHECKS)
    assert "passed on SQLite" in comment["body"]
    assert comment["body"] in green.jobs["report"].summary
    keep("green.md", comment["body"])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_reddens_its_job_and_no_other(with_fault, fault):
    play = with_fault(fault)
    keep_fault(fault, play)
    assert play.red() == {fault.job, "ready-to-merge"}, play.said()
    (comment,) = play.comments
    assert f"## ❌ 1 of 6 checks failed: {fault.job}\n" in comment["body"], play.said()
    assert fault.told in comment["body"]
    assert f"because of: {fault.job}" in play.jobs["ready-to-merge"].log


def test_faults_of_two_jobs_are_both_named(with_fault):
    test, style = FAULTS[:2]
    play = with_fault(test, style)
    assert play.red() == {"style", "tests", "ready-to-merge"}, play.said()
    (comment,) = play.comments
    assert re.search(r"2 of 6 checks failed: style, tests$", comment["body"], re.M)
    assert style.told in comment["body"] and test.told in comment["body"]
    keep("broken.md", comment["body"])
