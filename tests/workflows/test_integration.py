"""Integration passes on the first push; a fault fails exactly its own job."""

import re

import pytest

from tests.foreign import said
from tests.workflows.faults import CHECKS, FAULTS
from tests.workflows.figures import keep, wanted
from tests.workflows.github import pull_request
from tests.workflows.player import Job, play

ALL = [*CHECKS, "report", "ready-to-merge"]


OTHERS = {name: Job("success") for name in ALL if name != "tests"}


@pytest.mark.deep
@pytest.mark.minutes(20)
def test_all_of_its_own_tests_pass_on_githubs_runner(
    on_runner, repository_of, tmp_path, platform_report
):
    """With the job's services and all files; the other plays run only a few tests.

    The files have the faults that redden the other jobs: no test may mind them.
    """
    broken = [fault for fault in FAULTS if fault.job != "tests"]
    repository = repository_of(tmp_path / "repository", *broken)
    artifacts = tmp_path / "artifacts"
    # It is the longest test of all, so it gets the share of two.
    extra = {"tests": {"PYTEST_XDIST_AUTO_NUM_WORKERS": "2"}}
    given = {"done": OTHERS, "extra": extra, "reads": {}, "artifacts": artifacts}
    with platform_report.timed("the job `tests`"):
        jobs = play(on_runner(repository, "whole", **given), "integration.yml")
    assert jobs["tests"].result == "success", jobs["tests"].log
    platform_report.add(said.check(jobs["tests"].log))
    assert (artifacts / "ci-tests/tests/coverage.json").is_file()


@pytest.mark.minutes(1)
@pytest.mark.deep
def test_a_fresh_project_is_green(green):
    results = {name: job.result for name, job in green.jobs.items()}
    assert results == dict.fromkeys(ALL, "success"), green.said()


@pytest.mark.deep
def test_its_pull_request_gets_one_green_comment(green):
    (comment,) = green.comments
    assert "## ✅ Every check passed" in comment["body"], green.said()
    assert comment["body"].count("✅ passed") == len(CHECKS)
    assert "passed on SQLite" in comment["body"]
    assert comment["body"] in green.jobs["report"].summary
    keep("green.md", comment["body"])


@pytest.mark.minutes(0.4)
@pytest.mark.deep
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_reddens_its_job_and_no_other(with_fault, fault):
    played = with_fault(fault)
    assert played.red() == {fault.job, "ready-to-merge"}, played.said()
    (comment,) = played.comments
    assert f"## ❌ 1 of 6 checks failed: {fault.job}\n" in comment["body"]
    assert fault.told in comment["body"]
    assert f"because of: {fault.job}" in played.jobs["ready-to-merge"].log


@pytest.mark.deep
def test_a_fork_gets_its_report_in_the_summary(
    on_runner, runner, repository_of, tmp_path
):
    repository = repository_of(tmp_path / "repository")
    done = {name: Job("success") for name in CHECKS}
    with pull_request(runner, read_only=True) as (server, environment):
        own = on_runner(repository, "fork", environment=environment, done=done)
        jobs = play(own, "integration.yml")
    assert server.comments == []
    assert "## ✅ Every check passed" in jobs["report"].summary
    assert "::notice::This run may not write comments" in jobs["report"].log
    assert jobs["ready-to-merge"].result == "success", jobs["report"].log


@pytest.mark.minutes(0.4)
@pytest.mark.deep
def test_faults_of_two_jobs_are_both_named(with_fault):
    test, style = FAULTS[:2]
    played = with_fault(test, style, **({"extra": {}} if wanted() else {}))
    assert played.red() == {"style", "tests", "ready-to-merge"}, played.said()
    (comment,) = played.comments
    assert re.search(r"2 of 6 checks failed: style, tests$", comment["body"], re.M)
    assert style.told in comment["body"] and test.told in comment["body"]
    keep("broken.md", comment["body"])
