"""The template's own CI, played: its commands exist, and its last job sees all."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.baking import ROOT, commit_everything, run, succeed
from tests.workflows.player import Job, Machine, play

pytestmark = pytest.mark.deep
PUSH = {"github": {"event_name": "push", "ref": "refs/heads/main", "sha": "a" * 40}}
# The tests themselves run in the job `everything`, as this one does just now: here
# they are only collected, and pip only says what it would do.
ONLY_LOOK = {"PYTEST_ADDOPTS": "--collect-only", "PIP_DRY_RUN": "1"}


def ci(repository, folder, **done):
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    machine = Machine(
        *(repository, folder, PUSH),
        environment={"PATH": path},
        extra={"rendering": ONLY_LOOK},
        done=done,
    )
    return play(machine, "ci.yml")


def test_it_is_ready_if_every_job_succeeded(repository, tmp_path):
    done = {"everything": Job("success"), "docs": Job("success")}
    jobs = ci(repository, tmp_path / "play", **done)
    rendering = jobs["rendering"]
    assert rendering.result == "success", rendering.log
    assert "tests/test_hooks.py" in rendering.log
    assert jobs["ready-to-merge"].result == "success"

    for bad in ("failure", "skipped"):
        done = {"everything": Job(bad), "rendering": rendering}
        jobs = ci(repository, tmp_path / "play", **done)
        assert jobs["ready-to-merge"].result == "failure"
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
    for mark in (".pip", ".docs"):
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
