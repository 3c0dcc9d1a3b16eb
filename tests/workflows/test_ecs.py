"""The deployment workflow where the variables say ECS, played into moto's."""

import functools
import json
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.terraform.cloud import Cloud, start_server
from tests.workflows.player import Job, Machine, play
from tests.workflows.test_deployment import NO_VARIABLES, everything

pytestmark = pytest.mark.deep
FIRST, SECOND, THIRD = "1" * 40, "2" * 40, "3" * 40
# moto's ECS starts neither (tests/terraform/moto_ecs.py).
UNHEALTHY, NOT_MIGRATED = "bad" + "0" * 37, "dead" + "0" * 36
RELEASES = FIRST, SECOND, THIRD, UNHEALTHY, NOT_MIGRATED
PROJECT, CLUSTER, SERVICE = "library-api", "library-api", "app"
PROVED = {"integration": Job("success")}


class Ecs:
    """The service that Terraform would have made, and the registry with its images."""

    def __init__(self, cloud):
        self.cloud, self.client = cloud, cloud.client("ecs")
        self.make_images(cloud.client("ecr"))
        self.client.create_cluster(clusterName=CLUSTER)
        self.register(f"{PROJECT}-migration", FIRST)
        self.client.create_service(
            cluster=CLUSTER,
            serviceName=SERVICE,
            taskDefinition=self.register(PROJECT, FIRST),
            desiredCount=2,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": self.network()},
        )

    def make_images(self, ecr):
        repository = ecr.create_repository(repositoryName=PROJECT)["repository"]
        self.repository, self.digests = repository["repositoryUri"], {}
        for tag in RELEASES:
            kind = "application/vnd.docker.distribution.manifest.v2+json"
            # moto makes an image's digest of those of its layers.
            manifest = {"mediaType": kind, "layers": [{"digest": f"sha256:{tag:0<64}"}]}
            put = ecr.put_image(
                repositoryName=PROJECT,
                imageManifest=json.dumps(manifest | {"schemaVersion": 2}),
                imageManifestMediaType=kind,
                imageTag=tag,
            )
            self.digests[tag] = put["image"]["imageId"]["imageDigest"]

    def network(self):
        ec2 = self.cloud.client("ec2")
        subnets = ec2.describe_subnets()["Subnets"]
        group, *_ = ec2.describe_security_groups()["SecurityGroups"]
        return {
            "subnets": [subnet["SubnetId"] for subnet in subnets],
            "securityGroups": [group["GroupId"]],
            "assignPublicIp": "ENABLED",
        }

    def register(self, family, tag, memory="512"):
        """As Terraform does: by tag."""
        container = {
            "name": "app",
            "image": f"{self.repository}:{tag}",
            "environment": [
                {"name": "RELEASE", "value": tag},
                {"name": "USE_HTTPS", "value": "on"},
            ],
        }
        made = self.client.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory=memory,
            containerDefinitions=[container],
        )
        return made["taskDefinition"]["taskDefinitionArn"]

    def service(self):
        asked = self.client.describe_services(cluster=CLUSTER, services=[SERVICE])
        return asked["services"][0]

    def serving(self):
        """The revision that serves, and its number."""
        name = self.service()["taskDefinition"]
        found = self.client.describe_task_definition(taskDefinition=name)
        return found["taskDefinition"], int(name.rpartition(":")[2])

    def migrations(self):
        """The releases whose migration ran."""
        arns = self.client.list_tasks(cluster=CLUSTER)["taskArns"]
        if not arns:
            return []
        tasks = self.client.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
        return sorted(self.release(task["taskDefinitionArn"]) for task in tasks)

    def release(self, name):
        found = self.client.describe_task_definition(taskDefinition=name)
        return release(found["taskDefinition"])

    def stable(self):
        """The tags of the image that is stable."""
        images = self.cloud.client("ecr").describe_images(
            repositoryName=PROJECT, imageIds=[{"imageTag": "stable"}]
        )
        return set(images["imageDetails"][0]["imageTags"])


def release(definition):
    (container,) = definition["containerDefinitions"]
    settings = {one["name"]: one["value"] for one in container["environment"]}
    return settings["RELEASE"]


class Balancer(BaseHTTPRequestHandler):
    """The load balancer: the release that serves answers, or none (`away`)."""

    away = False

    def __init__(self, ecs, *arguments):
        self.ecs = ecs
        super().__init__(*arguments)

    def do_GET(self):
        known = json.dumps({"release": release(self.ecs.serving()[0])}).encode()
        self.send_response(503 if Balancer.away else 200)
        self.send_header("Content-Length", str(len(known)))
        self.end_headers()
        self.wfile.write(known)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def ecs(tmp_path_factory):
    with open(tmp_path_factory.mktemp("moto") / "moto.log", "wb") as log:
        process, url = start_server(log)
        yield Ecs(Cloud(url))
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def production(ecs, repository_of, tmp_path_factory):
    """A repository configured for ECS: play its deployment, by push or by hand."""
    folder = tmp_path_factory.mktemp("production")
    repository = repository_of(folder / "repository")
    with ExitStack() as cleanup:
        handler = functools.partial(Balancer, ecs)
        balancer = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        cleanup.callback(balancer.server_close)
        cleanup.callback(balancer.shutdown)
        threading.Thread(target=balancer.serve_forever, daemon=True).start()
        variables = {
            "API_URL": f"http://127.0.0.1:{balancer.server_port}/api/v1",
            "AWS_DEPLOY_ROLE": "arn:aws:iam::123456789012:role/library-ecs",
            "AWS_REGION": ecs.cloud.region,
            "ECR_REPOSITORY": PROJECT,
            "ECS_CLUSTER": CLUSTER,
            "ECS_SERVICE": SERVICE,
            # Those of the one server stay set when the project outgrows it.
            "DEPLOY_DOCUMENT": "library-deploy",
            "EC2_INSTANCE_ID": "i-0123456789abcdef0",
        }

        def deploy(sha=FIRST, tag=""):
            event = "workflow_dispatch" if tag else "push"
            github = {"event_name": event, "sha": sha, "ref": "refs/heads/main"}
            known = {"github": github | {"token": "t"}, "inputs": {"tag": tag}}
            known |= {"vars": NO_VARIABLES | variables, "aws": ecs.cloud.url}
            programs = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
            machine = Machine(
                repository,
                folder / f"play-{len(list(folder.iterdir()))}",
                known,
                environment={"PATH": programs, "DEPLOY_POLL_SECONDS": "0"},
                done=dict(PROVED),
            )
            jobs = play(machine, "deployment.yml")
            jobs["deploy"].said = everything(jobs)
            return jobs["deploy"]

        yield SimpleNamespace(deploy=deploy, ecs=ecs, repository=repository)


@pytest.mark.minutes(2)
def test_deployments_one_after_another(production):
    """One test, because each begins with what the one before it left."""
    a_push(production)
    new_settings_come_with_the_next_push(production)
    a_failed_migration_stops_it(production)
    an_unhealthy_release_is_taken_back(production)
    back_to_the_last_good_one(production)
    never_again_to_the_one_that_was_left(production)
    to_a_commit_by_name(production)


def a_push(production):
    job = production.deploy(FIRST)
    assert job.result == "success", job.said
    serves(production.ecs, FIRST)
    assert production.ecs.migrations() == [FIRST]
    assert f"`{FIRST}` serves at" in job.summary


def new_settings_come_with_the_next_push(production):
    """What Terraform registers last is what a deploy begins with."""
    production.ecs.register(PROJECT, FIRST, memory="1024")
    job = production.deploy(SECOND)
    assert job.result == "success", job.said
    definition = serves(production.ecs, SECOND)
    assert definition["memory"] == "1024"
    (container,) = definition["containerDefinitions"]
    assert {"name": "USE_HTTPS", "value": "on"} in container["environment"]


def a_failed_migration_stops_it(production):
    _, before = production.ecs.serving()
    job = production.deploy(NOT_MIGRATED)
    assert job.result == "failure", job.said
    assert "the migration failed (exit code 1" in job.summary
    assert f"Release `{SECOND}` serves." in job.summary
    assert production.ecs.serving()[1] == before


def an_unhealthy_release_is_taken_back(production):
    job = production.deploy(UNHEALTHY)
    assert job.result == "failure", job.said
    assert "the new containers were taken back: ECS deployment circuit" in job.summary
    assert "tasks failed to start" in job.log, "ECS's own words"
    serves(production.ecs, SECOND)


def back_to_the_last_good_one(production):
    ran = production.ecs.migrations()
    job = production.deploy(tag="previous")
    assert job.result == "success", job.said
    definition = serves(production.ecs, FIRST)
    assert definition["memory"] == "512", "the revision as it was"
    assert production.ecs.migrations() == ran, "what is undone migrates nothing"


def never_again_to_the_one_that_was_left(production):
    assert production.deploy(THIRD).result == "success"
    job = production.deploy(tag="previous")
    assert job.result == "success", job.said
    serves(production.ecs, FIRST)
    job = production.deploy(tag="previous")
    assert job.result == "failure", job.said
    assert "no release before this one proved good: give a commit" in job.summary
    serves(production.ecs, FIRST)


def to_a_commit_by_name(production):
    job = production.deploy(tag=SECOND)
    assert job.result == "success", job.said
    serves(production.ecs, SECOND)


def serves(ecs, tag):
    """The service runs this release, named by its digest, and it is stable."""
    definition, _ = ecs.serving()
    (container,) = definition["containerDefinitions"]
    assert container["image"] == f"{ecs.repository}@{ecs.digests[tag]}"
    assert release(definition) == tag
    assert ecs.stable() == {tag, "stable"}
    return definition


def test_a_release_that_does_not_answer_outside_is_not_good(production, monkeypatch):
    """It is never gone back to, and `stable` stays."""
    ecs = production.ecs
    assert production.deploy(SECOND).result == "success"
    _, before = ecs.serving()
    monkeypatch.setattr(Balancer, "away", True)
    job = production.deploy(THIRD)
    assert job.result == "failure", job.said
    assert "nothing answers at" in job.summary
    assert ecs.stable() == {SECOND, "stable"}
    monkeypatch.setattr(Balancer, "away", False)
    assert production.deploy(tag="previous").result == "success"
    assert ecs.serving()[1] == before
