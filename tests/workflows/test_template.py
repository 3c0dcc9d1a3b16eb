"""The template's own CI, played: it passes, and a fault fails exactly its own job."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.baking import ROOT, commit_everything, run, succeed
from tests.workflows.faults import OF_THE_TEMPLATE
from tests.workflows.player import Job, Machine, play

pytestmark = pytest.mark.deep
PUSH = {"github": {"event_name": "push", "ref": "refs/heads/main", "sha": "a" * 40}}
# The tests run in the job `everything`, as this one does just now: in the plays these
# are enough, and pip only says what it would do.
FEW = "bad_answer_is_refused or of_the_listing or has_drifted"
EXTRA = {
    "everything": {"ARGS": f"-n0 -k '{FEW}'"},
    "rendering": {
        "PYTEST_ADDOPTS": f"-n0 -k '{FEW}'",
        "PIP_DRY_RUN": "1",
        "PIP_NO_DEPS": "1",
    },
}
# What `.ci/run` installs is here: it runs this test.
APT = "#!/bin/sh\necho here already\n"


@pytest.fixture
def ci(repository, tmp_path):
    """Play ci.yml on what the repository's last commit holds."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "apt-get").write_text(APT)
    (tools / "apt-get").chmod(0o755)
    path = [str(tools), os.path.dirname(sys.executable), os.environ["PATH"]]
    environment = {
        "PATH": os.pathsep.join(path),
        "MAKEFLAGS": f"VENV={installed(tmp_path / 'venv')}",
    }

    def play_ci(**done):
        machine = Machine(
            *(repository, tmp_path / "play", PUSH),
            environment=environment,
            extra=EXTRA,
            done=done,
            choices=1,
        )
        return play(machine, "ci.yml")

    return play_ci


def test_it_is_green_and_the_last_job_sees_all(ci):
    jobs = ci(docs=Job("success"))
    logs = "".join(job.log for job in jobs.values())
    assert {job.result for job in jobs.values()} == {"success"}, logs
    for bad in ("failure", "skipped"):
        jobs = ci(everything=Job(bad), rendering=Job("success"))
        assert jobs["ready-to-merge"].result == "failure"
        assert jobs["docs"].result == "skipped"


@pytest.mark.minutes(1.5)
@pytest.mark.parametrize("fault", OF_THE_TEMPLATE, ids=lambda fault: fault.name)
def test_a_fault_reddens_the_jobs_that_look_at_it(ci, repository, fault):
    fault.inject(repository)
    commit_everything(repository, "Break it")
    jobs = ci()
    red = {name for name, job in jobs.items() if job.result == "failure"}
    logs = {name: job.log for name, job in jobs.items()}
    assert red == {*fault.job.split(), "ready-to-merge"}, logs
    assert all(fault.told in logs[job] for job in fault.job.split()), logs
    assert jobs["docs"].result == "skipped"


@pytest.fixture
def publish(repository, tmp_path):
    """Play the publishing of a commit into a repository that stands in for GitHub's."""
    bare = ("git", "clone", "--quiet", "--bare", repository, "github.git")
    succeed(*bare, cwd=tmp_path)
    main = ("git", "update-ref", "refs/heads/main", "HEAD")
    succeed(*main, cwd=tmp_path / "github.git")
    environment = {"MAKEFLAGS": f"VENV={installed(tmp_path / 'venv')}"}

    def play_docs(sha):
        github = {"token": "t", "server_url": str(tmp_path), "repository": "github.git"}
        machine = Machine(
            *(repository, tmp_path / "play", {"github": github}),
            environment=environment | {"GITHUB_SHA": sha},
        )
        (job,) = play(machine, "docs.yml").values()
        return job

    return play_docs


def installed(venv):
    """Make of this Python's packages a .venv that make finds complete."""
    venv.mkdir()
    for part in Path(sys.prefix).iterdir():
        (venv / part.name).symlink_to(part)
    later = time.time() + 3600  # than the check-out of pyproject.toml
    for mark in (".docs", ".dev"):
        (venv / mark).unlink(missing_ok=True)
        (venv / mark).touch()
        os.utime(venv / mark, (later, later))
    return venv


@pytest.mark.minutes(0.5)
def test_the_site_is_published_of_the_newest_commit_if_nothing_is_stale(
    publish, repository, tmp_path
):
    newest = succeed("git", "rev-parse", "HEAD", cwd=repository).strip()
    pages = ("git", "ls-tree", "-r", "--name-only", "gh-pages")

    job = publish("0" * 40)
    assert job.result == "success", job.log
    assert f"main is at {newest} by now" in job.log
    assert run(*pages, cwd=tmp_path / "github.git").returncode

    job = publish(newest)
    assert job.result == "success", job.log
    listed = succeed(*pages, cwd=tmp_path / "github.git").splitlines()
    assert {".nojekyll", "index.html", "en/index.html"} <= set(listed)

    page = repository / "docs/en/reference/make.md"
    page.write_text(page.read_text(encoding="utf-8") + "By hand.\n", encoding="utf-8")
    commit_everything(repository, "Write where it is written")
    job = publish(newest)
    assert job.result == "failure"
    assert "out of date: docs/en/reference/make.md; run make docs-refresh" in job.log


def test_everything_is_the_command_that_proves_a_clone(template):
    workflow = (template / ".github/workflows/ci.yml").read_text()
    assert "      - run: .ci/run\n" in workflow
    assert os.access(ROOT / ".ci/run", os.X_OK)
