"""Deploys to ECS: to the service of terraform/scale-out, container by container.

A *revision* is one version of a task definition, by its full name (ARN). Those that
served and passed the check from outside have the tag `verdict`: good, or bad once
somebody went back from them.
"""

import json
import os
import re
import time
from typing import Any

from ci.release.command import ReleaseError, aws, say

# Seconds. ECS's circuit breaker gives up long before.
ROLLOUT_TIMEOUT = 30 * 60
MIGRATION_TIMEOUT = 15 * 60
# What ECS adds to a revision, and takes from nobody.
ADDED_BY_ECS = (
    *("taskDefinitionArn", "revision", "status", "requiresAttributes"),
    *("compatibilities", "registeredAt", "registeredBy", "deregisteredAt"),
)
# What ECS knows of a service or a revision, by its own names.
Description = dict[str, Any]


def deploy(cluster: str, service: str, digest: str, tag: str) -> None:
    """Migrate the database, then bring the image with this digest to the service.

    Raises ReleaseError if the migration or the new containers fail; the containers of
    before serve on.
    """
    now = _describe(cluster, service)
    family = _family(now["taskDefinition"])
    _migrate(cluster, now, _register(f"{family}-migration", digest, tag))
    _roll(cluster, service, _register(family, digest, tag))


def go_back(cluster: str, service: str, revision: str) -> None:
    """Bring back a revision, as it was; call bad what serves now.

    Nothing is migrated: the database fits the release before, too. Raises ReleaseError.
    """
    _give_verdict(_describe(cluster, service)["taskDefinition"], "bad")
    _roll(cluster, service, revision)


def last_good(cluster: str, service: str) -> tuple[str, str]:
    """Return (tag, revision) of the last good release before the one that serves.

    Raises ReleaseError if there is none.
    """
    serving = _describe(cluster, service)["taskDefinition"]
    left = {_release(_revision(serving)[0])}
    for revision in _newest_first(_family(serving)):
        definition, verdict = _revision(revision)
        tag = _release(definition)
        if verdict == "bad":
            left.add(tag)
        elif verdict == "good" and tag not in left:
            return tag, revision
    raise ReleaseError("no release before this one proved good: give a commit instead")


def approve(cluster: str, service: str) -> None:
    """Call good the revision that serves."""
    _give_verdict(_describe(cluster, service)["taskDefinition"], "good")


def _describe(cluster: str, service: str) -> Description:
    asked = ("--cluster", cluster, "--services", service)
    found = aws("ecs", "describe-services", *asked)["services"]
    if not found or found[0]["status"] != "ACTIVE":
        raise ReleaseError(f"there is no service {service} in the cluster {cluster}")
    description: Description = found[0]
    return description


def _family(revision: str) -> str:
    return revision.rpartition("/")[2].partition(":")[0]


def _newest_first(family: str) -> list[str]:
    asked = ("--family-prefix", family, "--status", "ACTIVE")
    found = aws("ecs", "list-task-definitions", *asked)["taskDefinitionArns"]
    return sorted(found, key=lambda name: int(name.rpartition(":")[2]), reverse=True)


def _revision(name: str) -> tuple[Description, str]:
    """Return a revision and its verdict; that of a family is its newest."""
    asked = ("--task-definition", name, "--include", "TAGS")
    found = aws("ecs", "describe-task-definition", *asked)
    tags = {tag["key"]: tag["value"] for tag in found.get("tags", [])}
    return found["taskDefinition"], tags.get("verdict", "")


def _release(definition: Description) -> str:
    settings = definition["containerDefinitions"][0]["environment"]
    return next(str(one["value"]) for one in settings if one["name"] == "RELEASE")


def _give_verdict(revision: str, verdict: str) -> None:
    tag = f"key=verdict,value={verdict}"
    aws("ecs", "tag-resource", "--resource-arn", revision, "--tags", tag)


def _register(family: str, digest: str, tag: str) -> str:
    """Make a revision like the newest, which has Terraform's last settings.

    Only the image, by its digest, and its release are others. Returns the revision.
    """
    newest, _ = _revision(family)
    made = {name: newest[name] for name in newest if name not in ADDED_BY_ECS}
    (container,) = made["containerDefinitions"]
    container["image"] = re.sub(r"[:@][^/]*$", f"@{digest}", container["image"])
    others = [one for one in container["environment"] if one["name"] != "RELEASE"]
    container["environment"] = [*others, {"name": "RELEASE", "value": tag}]
    register = ("ecs", "register-task-definition", "--cli-input-json")
    done = aws(*register, json.dumps(made))["taskDefinition"]
    return str(done["taskDefinitionArn"])


def _migrate(cluster: str, service: Description, revision: str) -> None:
    """Run the migration where the service runs; raise ReleaseError if it fails."""
    say(f"migrating the database ({revision.rpartition('/')[2]})")
    network = json.dumps(service["networkConfiguration"])
    how = ("--launch-type", "FARGATE", "--network-configuration", network)
    what = ("--cluster", cluster, "--task-definition", revision)
    started = aws("ecs", "run-task", *what, *how)
    if not started["tasks"]:
        reasons = ", ".join(each["reason"] for each in started["failures"])
        raise ReleaseError(f"ECS could not start the migration: {reasons}")
    task = _await_end(cluster, started["tasks"][0]["taskArn"])
    # A container that never started has no exit code.
    code = task["containers"][0].get("exitCode")
    if code != 0:
        reason = task.get("stoppedReason") or "no reason given"
        raise ReleaseError(
            f"the migration failed (exit code {code}: {reason}); its log: terraform "
            "-chdir=terraform/scale-out output -raw log_command"
        )


def _await_end(cluster: str, task: str) -> Description:
    deadline = time.monotonic() + MIGRATION_TIMEOUT
    while time.monotonic() < deadline:
        asked = ("--cluster", cluster, "--tasks", task)
        for seen in aws("ecs", "describe-tasks", *asked)["tasks"]:
            if seen["lastStatus"] == "STOPPED":
                ended: Description = seen
                return ended
        time.sleep(_pause())
    raise ReleaseError(
        f"the migration did not end within {MIGRATION_TIMEOUT // 60} minutes: {task}"
    )


def _roll(cluster: str, service: str, revision: str) -> None:
    """Replace the containers; wait until only new ones are left, and healthy."""
    say(f"replacing the containers ({revision.rpartition('/')[2]})")
    shown = {event["id"] for event in _describe(cluster, service).get("events", [])}
    where = ("--cluster", cluster, "--service", service)
    aws("ecs", "update-service", *where, "--task-definition", revision)
    deadline = time.monotonic() + ROLLOUT_TIMEOUT
    while time.monotonic() < deadline:
        now = _describe(cluster, service)
        _show_new(now.get("events", []), shown)
        if _is_done(now, revision):
            return
        time.sleep(_pause())
    raise ReleaseError(f"ECS did not end within {ROLLOUT_TIMEOUT // 60} minutes")


def _is_done(service: Description, revision: str) -> bool:
    """Return whether the rollout is over; raise ReleaseError if ECS took it back."""
    ours = [one for one in service["deployments"] if one["taskDefinition"] == revision]
    if service["taskDefinition"] == revision and ours[0]["rolloutState"] != "FAILED":
        return bool(ours[0]["rolloutState"] == "COMPLETED")
    reason = ours[0]["rolloutStateReason"] if ours else "another deployment came"
    raise ReleaseError(f"the new containers were taken back: {reason}")


def _show_new(events: list[Description], shown: set[str]) -> None:
    """Show ECS's new events, the oldest first; `shown`, their ids, is updated."""
    for event in reversed(events):
        if event["id"] not in shown:
            say(f"  {event['message']}")
            shown.add(event["id"])


def _pause() -> float:
    """Return the seconds between two requests."""
    return float(os.environ.get("DEPLOY_POLL_SECONDS", "3"))
