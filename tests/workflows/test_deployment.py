"""The deployment workflow, played into the rehearsal's throw-away server."""

import secrets
from types import SimpleNamespace

import pytest
import yaml

from tests.baking import commit_everything, succeed
from tests.workflows import aws
from tests.workflows.faults import CHECKS
from tests.workflows.player import Job, play

pytestmark = pytest.mark.deep
PROVED = {"integration": Job("success")}
# What hands the image over is played; the other checks have plays of their own.
CHECKED = {name: Job("success") for name in CHECKS if name != "image"}
# On the server alone, behind its proxy: the checks load the API, too.
CRASH = """
import os
if "NUM_PROXIES" in os.environ:
    raise RuntimeError("this release crashes at start")
"""
OWN_DEPLOY = "\nsay 'deployed by its own script'\n"
OWN_LIMIT = ("\n  mem_limit: 256m\n", "\n  mem_limit: 250m\n")
NO_VARIABLES = dict.fromkeys(
    (
        *("API_URL", "AWS_DEPLOY_ROLE", "AWS_REGION", "DEPLOY_DOCUMENT"),
        *("EC2_INSTANCE_ID", "ECR_REPOSITORY", "ECS_CLUSTER", "ECS_SERVICE"),
        "SCAN_BLOCKS",
    ),
    "",
)


def context(sha, variables, tag="", endpoint=""):
    event = "workflow_dispatch" if tag else "push"
    github = {"event_name": event, "sha": sha, "ref": "refs/heads/main", "token": "t"}
    known = {"github": github, "vars": NO_VARIABLES | variables, "inputs": {"tag": tag}}
    # It may ask for no secret: the player refuses what the context does not hold.
    return known | {"aws": endpoint}


def head(repository):
    return succeed("git", "rev-parse", "HEAD", cwd=repository).strip()


def everything(jobs):
    return "\n".join(f"== {name}\n{job.log}{job.summary}" for name, job in jobs.items())


@pytest.fixture
def unconfigured(on_runner, repository_of, tmp_path):
    """Play the deployment of a repository with these variables, without an AWS."""

    def run(variables):
        repository = repository_of(tmp_path / "repository")
        known = context(head(repository), variables)
        name = secrets.token_hex(4)
        own = on_runner(repository, name, known, done=PROVED, reads={})
        return play(own, "deployment.yml")

    return run


def test_a_fresh_fork_without_aws_is_green(unconfigured):
    jobs = unconfigured({})
    results = {name: job.result for name, job in jobs.items()}
    assert results == {
        "integration": "success",
        "settings": "success",
        "deploy": "skipped",
    }, everything(jobs)
    assert "AWS is not configured" in jobs["settings"].summary


def test_a_missing_variable_is_named(unconfigured):
    jobs = unconfigured({"AWS_REGION": "eu-west-1", "ECR_REPOSITORY": "library"})
    assert jobs["settings"].result == "failure"
    assert jobs["deploy"].result == "skipped"
    assert "not set: AWS_DEPLOY_ROLE, EC2_INSTANCE_ID" in jobs["settings"].summary


def test_no_deploy_that_waits_is_dropped(rendered):
    workflow = yaml.safe_load(rendered.read(".github/workflows/deployment.yml"))
    waiting = [workflow["concurrency"], workflow["jobs"]["deploy"]["concurrency"]]
    assert [group.get("queue") for group in waiting] == ["max", "max"]
    assert not any(group.get("cancel-in-progress") for group in waiting)


@pytest.fixture(scope="module")
def production(server, on_runner, repository_of, tmp_path_factory):
    """A configured repository: play its deployment, of a commit or of a tag."""
    folder = tmp_path_factory.mktemp("production")
    repository = repository_of(folder / "repository")
    cloud = aws.Cloud(server)
    variables = {
        "API_URL": f"{server.url}/api/v1",
        "AWS_DEPLOY_ROLE": "arn:aws:iam::123456789012:role/library-github",
        "AWS_REGION": "eu-west-1",
        "DEPLOY_DOCUMENT": cloud.document,
        "EC2_INSTANCE_ID": cloud.instance,
        "ECR_REPOSITORY": cloud.name,
    }
    with aws.serving(cloud) as endpoint:

        def deploy(tag=""):
            known = context(head(repository), variables, tag, endpoint.url)
            own = on_runner(
                repository,
                secrets.token_hex(4),
                known,
                environment={"DEPLOY_POLL_SECONDS": "0.5"},
                done=dict(CHECKED),
                reads={},
            )
            return play(own, "deployment.yml")

        yield SimpleNamespace(
            deploy=deploy, repository=repository, cloud=cloud, server=server
        )


def change(repository, name, text):
    """Commit a change; return the commit."""
    path = repository / name
    path.write_text(path.read_text() + text)
    commit_everything(repository, f"Change {name}")
    return head(repository)


@pytest.mark.minutes(2)
def test_deployments_one_after_another(production):
    """One test, because each begins with what the one before it left."""
    first = head(production.repository)
    the_first(production, first)
    the_same_again(production, first)
    one_that_crashes(production, first)
    second = a_good_one(production)
    back_to(production, first, second)
    to_a_tag_that_was_never_pushed(production, first)


def the_first(production, tag):
    production.cloud.unknown = 1
    jobs = production.deploy()
    said = everything(jobs)
    assert f"does not know {production.cloud.instance} yet" in said
    assert jobs["deploy"].result == "success", said
    assert f"{tag} is healthy" in said and f"`{tag}` serves at" in said
    proved(production, tag)


def the_same_again(production, tag):
    jobs = production.deploy()
    assert jobs["deploy"].result == "success", everything(jobs)
    assert f"has {production.cloud.name}:{tag} already" in jobs["deploy"].log


def one_that_crashes(production, before):
    crashing = change(production.repository, "config/wsgi.py", CRASH)
    jobs = production.deploy()
    assert jobs["deploy"].result == "failure", everything(jobs)
    summary = jobs["deploy"].summary
    assert "The deployment failed at: run" in summary, everything(jobs)
    assert f"Release `{before}` serves." in summary
    # Its crashes are counted, or on a slow machine its check fails first.
    assert f"FAILED: {crashing} " in summary
    proved(production, before)


def a_good_one(production):
    mended = production.repository / "config/wsgi.py"
    mended.write_text(mended.read_text().replace(CRASH, ""))
    # Nothing but the push brings these two to the server.
    change(production.repository, "scripts/deploy.sh", OWN_DEPLOY)
    compose = production.repository / "scripts/docker-compose.yml"
    compose.write_text(compose.read_text().replace(*OWN_LIMIT))
    commit_everything(production.repository, "Give the API less memory")
    second = head(production.repository)
    jobs = production.deploy()
    said = everything(jobs)
    assert jobs["deploy"].result == "success", said
    assert "the settings are new" in said
    assert "deployed by its own script" in jobs["deploy"].log
    limit = production.server.live_container("{{.HostConfig.Memory}}")
    assert limit == str(250 * 1024**2)
    proved(production, second)
    return second


def back_to(production, first, second):
    jobs = production.deploy(tag=first)
    assert jobs["integration"].result == "skipped", everything(jobs)
    assert jobs["deploy"].result == "success", everything(jobs)
    assert production.cloud.digest(first) != production.cloud.digest(second)
    assert "deployed by its own script" not in jobs["deploy"].log
    limit = production.server.live_container("{{.HostConfig.Memory}}")
    assert limit == str(256 * 1024**2), "it went back with the other's scripts"
    proved(production, first)


def to_a_tag_that_was_never_pushed(production, before):
    jobs = production.deploy(tag="0" * 40)
    assert jobs["deploy"].result == "failure"
    said = f"there is no image {production.cloud.name}:{'0' * 40} (the latest: "
    assert said in jobs["deploy"].log
    proved(production, before)


def proved(production, tag):
    """It answers, and `stable` names the same image."""
    assert production.server.health()["release"] == tag
    assert production.cloud.digest("stable") == production.cloud.digest(tag)
