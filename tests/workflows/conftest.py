"""Plays of the rendered project's workflows, on a git repository of it."""

import dataclasses
import json
import secrets
import shutil
import sys
from contextlib import ExitStack

import pytest
from filelock import FileLock

from tests.baking import BakedProject, commit_everything
from tests.deploy.conftest import base_images, engine  # noqa: F401
from tests.foreign.conftest import make_root  # noqa: F401
from tests.foreign.runner import SETTINGS, entered, furnish
from tests.workflows import faults, figures
from tests.workflows.github import pull_request
from tests.workflows.player import Job, Machine, play

PULL_REQUEST = {
    "github": {
        "event_name": "pull_request",
        "ref": "refs/pull/7/merge",
        "sha": "d" * 40,
        "token": "token",
    },
    "vars": {"ECR_REPOSITORY": "", "SCAN_BLOCKS": ""},
}
# Enough to go red for the faults, on both databases. All tests run in the one play of
# the tests job alone.
A_FEW_TESTS = "-n0 --no-cov tests/test_isbn.py tests/test_health.py"


@pytest.fixture(scope="session")
def repository_of(rendered):
    """Make a git repository of the rendered project, with a fault or without."""

    def make(folder, *broken):
        shutil.copytree(rendered.path, folder)
        for fault in broken:
            fault.inject(folder)
        commit_everything(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def runner(engine, make_root, once, shared_folder, tool):  # noqa: F811
    """The system that holds what GitHub's runner holds."""
    assert tool("terraform")
    cache = shared_folder / "uv-cache"

    def build(folder):
        make_root("trixie", folder)
        furnish(folder, cache)

    return entered(once("runner", build), cache)


@pytest.fixture(scope="session")
def on_runner(runner, project, shared_folder):
    """Play the workflows of a repository there; `name` is that of the play's folder.

    `installed` is another play, whose jobs installed the packages already.
    """

    def make(repository, name, context=PULL_REQUEST, installed="", **more):
        folder = runner.outside(runner.home / "plays" / name)
        runner.take(folder)
        own = {"TF_CLI_CONFIG_FILE": SETTINGS}
        if installed:
            venv = runner.home / "plays" / installed / "tests/workspace/.venv"
            # That play took all it left, to be read here.
            runner.give(runner.outside(venv))
            own["VENV"] = str(venv)
        more["environment"] = own | more.get("environment", {})
        more.setdefault("reads", faults.READS)
        more.setdefault("extra", {"tests": {"ARGS": A_FEW_TESTS}})
        more.setdefault("engine", FileLock(shared_folder / "engine.lock"))
        # The services are this machine's, and reached by their addresses.
        more |= {"venv": project.path / ".venv", "platform": runner}
        return Machine(repository, folder, context, **more)

    return make


@dataclasses.dataclass
class Play:
    """The jobs of a played integration and the comments on the pull request."""

    jobs: dict
    comments: list

    def red(self):
        return {name for name, job in self.jobs.items() if job.result == "failure"}

    def said(self):
        return "\n".join(f"== {name}\n{job.log}" for name, job in self.jobs.items())


@pytest.fixture(scope="session")
def green(once, on_runner, runner, repository_of, base_images):  # noqa: F811
    """The fresh project's integration, played once for all who compare with it."""

    def build(folder):
        folder.mkdir()
        repository = repository_of(folder / "repository")
        with pull_request(runner) as (server, environment):
            # The figures show the coverage of all tests.
            chosen = {"extra": {}} if figures.wanted() else {}
            chosen["artifacts"] = folder / "artifacts"
            own = on_runner(repository, "green", environment=environment, **chosen)
            jobs = play(own, "integration.yml")
            kept = {name: dataclasses.asdict(job) for name, job in jobs.items()}
            kept = {"jobs": kept, "comments": server.comments}
        (folder / "play.json").write_text(json.dumps(kept))

    folder = once("green-integration", build)
    kept = json.loads((folder / "play.json").read_text())
    jobs = {name: Job(**job) for name, job in kept["jobs"].items()}
    found = Play(jobs, kept["comments"])
    found.folder = folder
    return found


@pytest.fixture
def with_fault(green, on_runner, runner, repository_of, tmp_path):
    """Play the integration of the project with a fault, on the same pull request."""

    def make(*broken, **more):
        repository = repository_of(tmp_path / "repository", *broken)
        untouched = {
            name: green.jobs[name]
            for name in faults.CHECKS
            if not any(sees(repository, name, fault) for fault in broken)
        }
        artifacts = tmp_path / "artifacts"
        artifacts.mkdir()
        for name in untouched:
            source = green.folder / "artifacts" / f"ci-{name}"
            shutil.copytree(source, artifacts / f"ci-{name}")
        main = green.folder / "artifacts/ci-tests"
        with pull_request(runner, main) as (server, environment):
            server.comments += [
                one | {"url": f"{server.url}/comments/{number}"}
                for number, one in enumerate(green.comments)
            ]
            own = on_runner(
                repository,
                secrets.token_hex(4),
                environment=environment,
                installed="green",
                done=untouched,
                artifacts=artifacts,
                **more,
            )
            jobs = play(own, "integration.yml")
            return Play(jobs, server.comments)

    return make


def sees(repository, job, fault):
    """Tell whether a job may look at the file that has the fault."""
    seen = BakedProject(repository).run("git", "ls-files", "--", *faults.READS[job])
    return fault.path in seen.splitlines()


@pytest.fixture(scope="module")
def server(base_images, rendered):  # noqa: F811
    """The rehearsal's throw-away server, its scripts in place, nothing deployed."""
    run_id = secrets.token_hex(4)
    folder = rendered.path.parent.parent / f"server-{run_id}"
    # Python leaves bytecode beside what it imports.
    code = shutil.copytree(rendered.path, folder / "code")
    sys.path.insert(0, str(code))
    try:
        from lab.rehearsal import docker
        from lab.rehearsal.host import Host
    finally:
        sys.path.remove(str(code))
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder)
        cleanup.callback(docker.remove_all, run_id)
        host = Host(run_id, folder)
        # As Terraform calls the project's registry.
        host.repository = f"127.0.0.1:{host.registry_port}/{rendered.path.name}"
        host.start()
        settings = {"REGISTRY": host.repository, "AWS_REGION": "here"}
        # Nobody reads here, so a deploy need not watch what readers get for long.
        host.install(code, settings | {"BAKE_SECONDS": "6"})
        prepare = "/opt/library/host/prepare.sh"
        host.inside("mkdir", "-p", "/opt/library/host")
        host.inside("tee", prepare, stdin="#!/bin/sh\necho the settings are new\n")
        host.inside("chmod", "755", prepare)
        yield host
        images = docker.docker("image", "ls", "--quiet", host.repository).split()
        for image in set(images):
            docker.docker("image", "rm", "--force", image)
