"""A deployment to ECS, with an AWS that says what a test wants."""

import json
import os

import pytest

from ci.release import ecs
from ci.release.command import ReleaseError
from tests.cloud import Clock, stand_in

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no sh"),
]

TAG, OTHER = "a" * 40, "b" * 40
WHERE = ("prod", "api")
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
DESCRIBE = "describe-services --cluster prod --services api"
REGISTER = "register-task-definition --cli-input-json "
AWAIT = "describe-tasks --cluster prod --tasks task-1"


def arn(number, family="library"):
    return f"arn:aws:ecs:eu-central-1:1:task-definition/{family}:{number}"


def service(serving, *rollouts, **more):
    """Return what ECS says of a service."""
    known = {"status": "ACTIVE", "taskDefinition": arn(serving)}
    known |= {"networkConfiguration": NETWORK, "deployments": rollouts}
    return {"services": [known | more]}


def rollout(number, state, reason="a reason"):
    return {
        "taskDefinition": arn(number),
        "rolloutState": state,
        "rolloutStateReason": reason,
    }


def events(*numbers):
    """Return events as ECS does: the newest first."""
    return [{"id": f"e-{each}", "message": f"event {each}"} for each in numbers]


def revision(tag=OTHER, verdict=None, image="r.example/library:old", **more):
    """Return what ECS says of a revision."""
    settings = {"LOG_LEVEL": "INFO", "RELEASE": tag, "WEB_THREADS": "4"}
    pairs = [{"name": name, "value": value} for name, value in settings.items()]
    container = {"name": "app", "image": image, "environment": pairs}
    definition = {"family": "library", "containerDefinitions": [container]} | more
    tags = {"project": "good"} | ({"verdict": verdict} if verdict else {})
    return {
        "taskDefinition": definition,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


def registered(number, family="library"):
    return {"taskDefinition": {"taskDefinitionArn": arn(number, family)}}


def task(status="STOPPED", code=0, **more):
    """Return what ECS says of a migration."""
    container = {} if code is None else {"exitCode": code}
    return {"tasks": [{"lastStatus": status, "containers": [container]} | more]}


STARTED = {"tasks": [{"taskArn": "task-1"}], "failures": []}
MIGRATION = [service(7), revision(), registered(3, "library-migration"), STARTED]
ROLLOUT = [revision(), registered(8), service(7), {}]
DONE = service(8, rollout(8, "COMPLETED"))


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    return stand_in(tmp_path, monkeypatch)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(ecs, "time", clock)
    return clock


def asked(cloud):
    """Return what ECS was asked."""
    lines = cloud.asked()
    begin, end = "aws ecs ", " --output json"
    assert all(line.startswith(begin) and line.endswith(end) for line in lines)
    return [line.removeprefix(begin).removesuffix(end) for line in lines]


def made(cloud):
    """Return the definitions that were registered."""
    lines = [line for line in asked(cloud) if line.startswith(REGISTER)]
    return [json.loads(line.removeprefix(REGISTER)) for line in lines]


def refusal(step, *arguments):
    """Return why a step refuses to go on."""
    with pytest.raises(ReleaseError) as raised:
        step(*WHERE, *arguments)
    return str(raised.value)


class TestDeploy:
    """A new release."""

    def deploy(self):
        ecs.deploy(*WHERE, "sha256:new", TAG)

    def refusal(self):
        return refusal(ecs.deploy, "sha256:new", TAG)

    def test_it_migrates_and_then_replaces_the_containers(self, cloud, capsys):
        cloud(*MIGRATION, task(), *ROLLOUT, DONE)
        self.deploy()
        lines = [line.partition(" {")[0] for line in asked(cloud)]
        newest = "describe-task-definition --task-definition {} --include TAGS"
        assert lines == [
            DESCRIBE,
            newest.format("library-migration"),
            REGISTER.strip(),
            f"run-task --cluster prod --task-definition {arn(3, 'library-migration')} "
            "--launch-type FARGATE --network-configuration",
            AWAIT,
            newest.format("library"),
            REGISTER.strip(),
            DESCRIBE,
            "update-service --cluster prod --service api "
            f"--task-definition {arn(8)}",
            DESCRIBE,
        ]
        assert capsys.readouterr().out == (
            "migrating the database (library-migration:3)\n"
            "replacing the containers (library:8)\n"
        )

    def test_the_migration_runs_in_the_network_of_the_service(self, cloud):
        cloud(*MIGRATION, task(), *ROLLOUT, DONE)
        self.deploy()
        _, _, network = asked(cloud)[3].partition("--network-configuration ")
        assert json.loads(network) == NETWORK

    def test_a_revision_is_like_the_newest_but_of_another_release(self, cloud):
        parts = {"cpu": "512", "executionRoleArn": "role", "volumes": [{"name": "tmp"}]}
        added = {
            "taskDefinitionArn": arn(7),
            "revision": 7,
            "status": "ACTIVE",
            "requiresAttributes": [{"name": "ecs.capability"}],
            "compatibilities": ["FARGATE"],
            "registeredAt": "2026-01-01",
            "registeredBy": "arn:aws:iam::1:user/somebody",
            "deregisteredAt": "2026-01-02",
        }
        definition = revision(**parts, **added)
        answers = [*MIGRATION, task(), *ROLLOUT, DONE]
        answers[1] = answers[5] = definition
        cloud(*answers)
        self.deploy()
        settings = [
            {"name": "LOG_LEVEL", "value": "INFO"},
            {"name": "WEB_THREADS", "value": "4"},
            {"name": "RELEASE", "value": TAG},
        ]
        image = "r.example/library@sha256:new"
        container = {"name": "app", "image": image, "environment": settings}
        expected = {"family": "library", "containerDefinitions": [container]} | parts
        assert made(cloud) == [expected, expected]

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("r.example/library:old", "r.example/library"),
            ("r.example/library@sha256:old", "r.example/library"),
            ("r.example/library:old@sha256:old", "r.example/library"),
            ("r.example:5000/library:old", "r.example:5000/library"),
            ("r.example:5000/a/library@sha256:old", "r.example:5000/a/library"),
        ],
    )
    def test_the_image_is_named_by_its_digest(self, cloud, before, after):
        cloud(service(7), revision(image=before), "the end")
        self.refusal()
        (container,) = made(cloud)[0]["containerDefinitions"]
        assert container["image"] == f"{after}@sha256:new"

    def test_the_migration_is_waited_for(self, cloud):
        # For a moment after it is started, a task is unknown.
        going = [{"tasks": []}, task("PENDING", None), task("RUNNING", None)]
        cloud(*MIGRATION, *going, task(), *ROLLOUT, DONE)
        self.deploy()
        assert asked(cloud)[4:8] == [AWAIT] * 4

    def test_a_migration_that_can_not_start_says_why(self, cloud):
        reasons = [{"reason": "RESOURCE:CPU"}, {"reason": "AGENT"}]
        cloud(*MIGRATION[:3], {"tasks": [], "failures": reasons})
        said = "ECS could not start the migration: RESOURCE:CPU, AGENT"
        assert self.refusal() == said
        assert len(asked(cloud)) == 4

    @pytest.mark.parametrize(
        ("end", "said"),
        [
            (task(code=1, stoppedReason="Essential"), "exit code 1: Essential"),
            (task(code=137), "exit code 137: no reason given"),
            (task(code=None, stoppedReason="no image"), "exit code None: no image"),
            (task(code=None, stoppedReason=""), "exit code None: no reason given"),
        ],
    )
    def test_one_that_failed_leaves_the_containers_alone(self, cloud, end, said):
        cloud(*MIGRATION, end)
        assert self.refusal() == (
            f"the migration failed ({said}); its log: terraform "
            "-chdir=terraform/scale-out output -raw log_command"
        )
        assert len(asked(cloud)) == 5

    def test_one_without_an_end_is_given_up(self, cloud, clock, monkeypatch):
        monkeypatch.setenv("DEPLOY_POLL_SECONDS", "450")
        cloud(*MIGRATION, *[task("RUNNING", None)] * 3)
        assert self.refusal() == "the migration did not end within 15 minutes: task-1"
        assert asked(cloud)[4:] == [AWAIT] * 2

    @pytest.mark.parametrize("failing", range(10))
    def test_whatever_aws_refuses_ends_it(self, cloud, failing):
        answers = [*MIGRATION, task(), *ROLLOUT, DONE]
        answers[failing] = "AccessDenied"
        cloud(*answers)
        assert self.refusal().endswith(": AccessDenied")
        assert len(asked(cloud)) == failing + 1

    @pytest.mark.parametrize("found", [{"services": []}, service(7, status="INACTIVE")])
    def test_a_service_that_is_not_there_is_named(self, cloud, found):
        cloud(found)
        assert self.refusal() == "there is no service api in the cluster prod"


class TestGoBack:
    """The containers of an earlier release."""

    def go_back(self):
        ecs.go_back(*WHERE, arn(5))

    def refusal(self):
        return refusal(ecs.go_back, arn(5))

    def test_what_serves_is_bad_and_nothing_is_migrated(self, cloud, capsys):
        cloud(service(7), {}, service(7), {}, service(5, rollout(5, "COMPLETED")))
        self.go_back()
        assert asked(cloud) == [
            DESCRIBE,
            f"tag-resource --resource-arn {arn(7)} --tags key=verdict,value=bad",
            DESCRIBE,
            f"update-service --cluster prod --service api --task-definition {arn(5)}",
            DESCRIBE,
        ]
        assert capsys.readouterr().out == "replacing the containers (library:5)\n"

    def test_only_new_events_are_shown_each_once_the_oldest_first(self, cloud, capsys):
        going, done = rollout(5, "IN_PROGRESS"), rollout(5, "COMPLETED")
        cloud(
            *(service(7), {}, service(7, events=events(2, 1)), {}),
            service(5, going, events=events(2, 1)),
            service(5, going, events=events(4, 3, 2, 1)),
            service(5, rollout(7, "COMPLETED"), done, events=events(5, 4, 3, 2)),
        )
        self.go_back()
        said = "replacing the containers (library:5)\n"
        said += "  event 3\n  event 4\n  event 5\n"
        assert capsys.readouterr().out == said

    @pytest.mark.parametrize(
        ("serving", "rollouts", "said"),
        [
            (7, [rollout(7, "COMPLETED"), rollout(5, "FAILED", "it fell")], "it fell"),
            (5, [rollout(5, "FAILED", "it fell"), rollout(7, "COMPLETED")], "it fell"),
            (7, [rollout(7, "COMPLETED")], "another deployment came"),
            (9, [rollout(9, "IN_PROGRESS")], "another deployment came"),
            (9, [rollout(9, "COMPLETED"), rollout(5, "COMPLETED", "ours")], "ours"),
        ],
    )
    def test_containers_that_were_taken_back(self, cloud, serving, rollouts, said):
        seen = service(serving, *rollouts, events=events(1))
        cloud(service(7), {}, service(7), {}, seen)
        assert self.refusal() == f"the new containers were taken back: {said}"

    def test_the_last_events_of_those_are_shown(self, cloud, capsys):
        seen = service(7, rollout(7, "COMPLETED"), events=events(1))
        cloud(service(7), {}, service(7), {}, seen)
        self.refusal()
        assert capsys.readouterr().out.endswith("\n  event 1\n")

    def test_a_rollout_without_an_end_is_given_up(self, cloud, clock, monkeypatch):
        monkeypatch.setenv("DEPLOY_POLL_SECONDS", "900")
        going = service(5, rollout(5, "IN_PROGRESS"))
        cloud(service(7), {}, service(7), {}, *[going] * 3)
        assert self.refusal() == "ECS did not end within 30 minutes"
        assert asked(cloud)[4:] == [DESCRIBE] * 2

    def test_ecs_is_asked_every_three_seconds(self, cloud, clock, monkeypatch):
        monkeypatch.delenv("DEPLOY_POLL_SECONDS")
        going, done = rollout(5, "IN_PROGRESS"), rollout(5, "COMPLETED")
        cloud(service(7), {}, service(7), {}, service(5, going), service(5, done))
        self.go_back()
        assert clock.now == 3


class TestLastGood:
    """The release to go back to."""

    def found(self, cloud, serving, *earlier):
        """Ask for it, where these (number, revision) are listed beside number 12."""
        numbers = sorted([12, *(number for number, _ in earlier)], key=str)
        newest_first = sorted(earlier, key=lambda each: each[0], reverse=True)
        listed = {"taskDefinitionArns": [arn(number) for number in numbers]}
        known = [revision for _, revision in newest_first]
        cloud(service(12), serving, listed, serving, *known)
        return ecs.last_good(*WHERE)

    def test_it_is_the_newest_by_number(self, cloud):
        good = [(9, revision("nine", "good")), (10, revision("ten", "good"))]
        assert self.found(cloud, revision(TAG), *good) == ("ten", arn(10))
        ask = "describe-task-definition --task-definition {} --include TAGS"
        assert asked(cloud) == [
            DESCRIBE,
            ask.format(arn(12)),
            "list-task-definitions --family-prefix library --status ACTIVE",
            ask.format(arn(12)),
            ask.format(arn(10)),
        ]

    @pytest.mark.parametrize("serving", ["good", "bad", None])
    @pytest.mark.parametrize(
        "between",
        [
            revision(TAG, "good"),
            revision(OTHER, "bad"),
            revision(OTHER),
            revision(OTHER, "excellent"),
            {"taskDefinition": revision(OTHER)["taskDefinition"]},
        ],
    )
    def test_others_are_passed_over(self, cloud, serving, between):
        earlier = [(11, between), (10, revision("ten", "good"))]
        found = self.found(cloud, revision(TAG, serving), *earlier)
        assert found == ("ten", arn(10))

    def test_a_bad_release_is_so_in_older_revisions_too(self, cloud):
        bad, good = revision(OTHER, "bad"), revision(OTHER, "good")
        earlier = [(11, bad), (10, good), (9, revision("nine", "good"))]
        assert self.found(cloud, revision(TAG), *earlier) == ("nine", arn(9))

    def test_a_release_without_a_verdict_may_have_an_older_good_one(self, cloud):
        earlier = [(11, revision(OTHER)), (10, revision(OTHER, "good"))]
        assert self.found(cloud, revision(TAG), *earlier) == (OTHER, arn(10))

    @pytest.mark.parametrize(
        "earlier", [[], [(11, revision(TAG, "good")), (10, revision(OTHER, "bad"))]]
    )
    def test_without_one_there_is_another_way(self, cloud, earlier):
        said = "^no release before this one proved good: give a commit instead$"
        with pytest.raises(ReleaseError, match=said):
            self.found(cloud, revision(TAG, "good"), *earlier)


def test_what_serves_is_called_good(cloud):
    cloud(service(7), {})
    ecs.approve(*WHERE)
    tagged = f"tag-resource --resource-arn {arn(7)} --tags key=verdict,value=good"
    assert asked(cloud) == [DESCRIBE, tagged]
