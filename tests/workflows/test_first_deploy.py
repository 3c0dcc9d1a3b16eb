"""The page "Your first deploy, and taking it back", played as it stands."""

import os
import secrets
import shutil
from types import SimpleNamespace

import pytest

from docs.tools import DOCS, name_of
from docs.tools.normal import trimmed
from docs.tools.running import Result, judge
from docs.tools.sandbox import Sandbox
from docs.tools.steps import steps
from docs.tools.terminals import Terminals
from tests.terraform.cloud import Cloud
from tests.terraform.conftest import account, settings  # noqa: F401
from tests.workflows import aws
from tests.workflows.player import play
from tests.workflows.student import NAME, PREFIX, GitHub, furnish
from tests.workflows.test_deployment import (
    CHECKED,
    PROVED,
    context,
    everything,
    head,
)

PAGE = DOCS / "en/how-to/first-deploy.md"


@pytest.fixture
def student(project, bake, server, account, settings, tool, tmp_path):  # noqa: F811
    """A project as chapter 0 leaves it, on a computer with accounts that are empty."""
    mine = bake(author_name="Mina Kim", github_repository=NAME).path
    shutil.copy(project.path / ".env", mine)
    (mine / ".venv").symlink_to(project.path / ".venv")
    # make sees by its age that this lock is installed already.
    os.utime(mine / "requirements/development.txt", (0, 0))
    cloud = Cloud(account())
    with Sandbox(tmp_path / "computer") as sandbox:
        github = GitHub(sandbox.scratch / "github")
        furnish(sandbox, github, tool, server.http_port)
        own = {
            "AWS_DEFAULT_REGION": cloud.region,
            "TF_CLI_ARGS": "-no-color",
            "TF_CLI_CONFIG_FILE": str(settings),
        }
        environment = sandbox.environment() | cloud.variables() | own
        terminals = Terminals(sandbox.project(mine), environment, sandbox.scratch)
        yield SimpleNamespace(
            sandbox=sandbox, github=github, cloud=cloud, shell=terminals[1]
        )
        terminals.close()


class Deployments:
    """Plays the runs that GitHub begins; `made` says what came of each."""

    def __init__(self, student, server, on_runner, folder):
        self.student, self.server, self.folder = student, server, folder
        self.on_runner = on_runner
        self.cloud = aws.Cloud(server)
        self.made = []

    def run(self, tag=""):
        """Play the workflow of `main`: after a push, or with a tag to go back to."""
        name = secrets.token_hex(4)
        repository = self.student.github.clone(self.folder / name)
        variables = self.variables()
        with aws.serving(self.cloud) as endpoint:
            machine = self.on_runner(
                repository,
                name,
                context(head(repository), variables, tag, endpoint.url),
                environment={"DEPLOY_POLL_SECONDS": "0.5"},
                done=dict(CHECKED if variables else PROVED),
                reads={},
            )
            jobs = play(machine, "deployment.yml")
        self.made.append(self.outcome(jobs, tag or head(repository)))

    def variables(self):
        """Return GitHub's variables; the server has the names that they hold."""
        variables = self.student.github.variables()
        if variables:
            see_what_they_name(variables, self.student.cloud)
            assert variables["ECR_REPOSITORY"] == self.cloud.name
            self.cloud.instance = variables["EC2_INSTANCE_ID"]
            self.cloud.document = variables["DEPLOY_DOCUMENT"]
            # That of moto's instance leads nowhere.
            variables["API_URL"] = f"{self.server.url}/api/v1"
        return variables

    def outcome(self, jobs, tag):
        """Say "not configured", or the release that serves after it."""
        assert jobs["settings"].result == "success", everything(jobs)
        if jobs["deploy"].result == "skipped":
            assert "not configured" in jobs["settings"].summary
            return "not configured"
        assert jobs["deploy"].result == "success", everything(jobs)
        assert self.server.health()["release"] == tag
        return tag


def see_what_they_name(variables, cloud):
    """The variables name what Terraform made, and GitHub may use it."""
    assert variables["EC2_INSTANCE_ID"] == cloud.the_only_instance()["InstanceId"]
    (registry,) = cloud.client("ecr").describe_repositories()["repositories"]
    assert variables["ECR_REPOSITORY"] == registry["repositoryName"]
    document = cloud.client("ssm").get_document(Name=variables["DEPLOY_DOCUMENT"])
    assert "deploy.sh" in document["Content"]
    name = variables["AWS_DEPLOY_ROLE"].rpartition("/")[2]
    role = cloud.client("iam").get_role(RoleName=name)["Role"]
    assert f"{PREFIX}:environment:production" in str(role["AssumeRolePolicyDocument"])


@pytest.fixture
def deployments(student, server, on_runner, tmp_path):
    return Deployments(student, server, on_runner, tmp_path)


@pytest.mark.deep
@pytest.mark.minutes(4)
def test_the_first_deploy_is_taken_back_and_nothing_is_left(student, deployments):
    """Every command of the page in its order, and what each shows.

    Played elsewhere: chapter 0, which renders the project and sets it up; the checks
    of a push but the image; the commands of the deploy document (tests/terraform).
    """
    empty = student.cloud.inventory()
    done = Result(PAGE.name)
    for step, index, command in commands():
        play_command(step, index, command, student, done)
        for tag in student.github.begun():
            deployments.run(tag)
        if command.text.startswith("curl "):
            keep_a_backup(student.cloud)
    assert done.problems == [], "\n".join(done.problems)

    nothing, first, mistake, back, reverted = deployments.made
    assert nothing == "not configured"
    assert back == first and len({first, mistake, reverted}) == 3
    assert student.cloud.inventory() == empty
    assert student.cloud.client("ec2").describe_key_pairs()["KeyPairs"] == []
    assert student.shell.run("git status --porcelain") == (0, "")
    deployments.run()
    assert deployments.made[-1] == "not configured"


def commands():
    """Yield each command of the page, its step and its index there."""
    found = steps(name_of(PAGE), PAGE.read_text(encoding="utf-8"))
    assert found and not any(step.skip or step.hidden for step in found)
    for step in found:
        for index, command in enumerate(step.commands):
            yield step, index, command


def play_command(step, index, command, student, done):
    code, printed = student.shell.run(command.text)
    lines = trimmed(student.sandbox.outward(printed).replace("\r", "").split("\n"))
    judge(step, command, index == len(step.commands) - 1, code, lines, done)


def keep_a_backup(cloud):
    """A server that answers has left a backup in its bucket."""
    s3 = cloud.client("s3")
    (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"])
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    # It refuses connections without TLS, which is all that the stand-in for S3 has.
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="night.dump", Body=b"rows")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
