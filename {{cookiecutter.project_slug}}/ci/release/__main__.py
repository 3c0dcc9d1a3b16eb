"""`python -m ci.release STEP`: a step of the deployment, configured by variables."""

import json
import os
import sys
from collections.abc import Mapping

from ci.release import ecs, health, images, server, settings
from ci.release.command import LAST_LINES, ReleaseError, say

NOT_CONFIGURED = (
    "AWS is not configured for this repository, so there is nothing to deploy to, and "
    "that is fine. To change it: terraform/README.md."
)


def _check_settings(environment: Mapping[str, str]) -> None:
    """Write to GITHUB_OUTPUT whether to deploy; GitHub's later jobs read it there."""
    variables = json.loads(environment["VARIABLES"])
    settings.checked(environment["TAG"], variables)
    configured = settings.is_configured(variables)
    if not configured:
        say(NOT_CONFIGURED)
        _write(environment, "GITHUB_STEP_SUMMARY", f"⚪ {NOT_CONFIGURED}\n")
    _write(environment, "GITHUB_OUTPUT", f"configured={str(configured).lower()}\n")


def _choose(environment: Mapping[str, str]) -> None:
    """Write the release's tag to GITHUB_OUTPUT, and the revision to go back to."""
    tag, revision = settings.checked(environment["TAG"], environment), ""
    if tag == settings.PREVIOUS:
        tag, revision = ecs.last_good(*_service(environment))
        say(f"going back to {tag}")
    _write(environment, "GITHUB_OUTPUT", f"tag={tag}\nrevision={revision}\n")


def _service(environment: Mapping[str, str]) -> tuple[str, str]:
    return environment["ECS_CLUSTER"], environment["ECS_SERVICE"]


def _push(environment: Mapping[str, str]) -> None:
    images.push(environment["ECR_REPOSITORY"], environment["TAG"])


def _run(environment: Mapping[str, str]) -> None:
    tag = settings.checked(environment["TAG"], environment)
    if not settings.is_on_ecs(environment):
        instance, document = (
            environment["EC2_INSTANCE_ID"],
            environment["DEPLOY_DOCUMENT"],
        )
        server.deploy(instance, document, tag)
    elif revision := environment.get("REVISION"):
        ecs.go_back(*_service(environment), revision)
    else:
        digest = images.digest(environment["ECR_REPOSITORY"], tag)
        ecs.deploy(*_service(environment), digest, tag)


def _check(environment: Mapping[str, str]) -> None:
    health.check(environment["API_URL"], environment["TAG"])


def _promote(environment: Mapping[str, str]) -> None:
    images.promote(environment["ECR_REPOSITORY"], environment["TAG"])
    if settings.is_on_ecs(environment):
        ecs.approve(*_service(environment))
    done = f"✅ `{environment['TAG']}` serves at {environment['API_URL']}"
    _write(environment, "GITHUB_STEP_SUMMARY", f"{done}, and is `stable`.\n")


STEPS = {
    "settings": _check_settings,
    "choose": _choose,
    "push": _push,
    "run": _run,
    "check": _check,
    "promote": _promote,
}


def _write(environment: Mapping[str, str], name: str, text: str) -> None:
    """Append to the file whose path is in this variable: GitHub reads it afterwards."""
    if environment.get(name):
        with open(environment[name], "a", encoding="utf-8") as file:
            file.write(text)


def _explain(step: str, error: ReleaseError, environment: Mapping[str, str]) -> None:
    """Write the cause, the last lines and the live release into the job's summary."""
    release = environment.get("API_URL") and health.serving(environment["API_URL"])
    still = f"Release `{release}` serves." if release else "Nothing answers."
    lines = "\n".join(LAST_LINES).replace("```", "'''")
    parts = [f"## ❌ The deployment failed at: {step}", str(error)]
    if environment.get("API_URL"):
        parts.append(still)
    if lines:
        parts.append(f"The last lines:\n\n```text\n{lines}\n```")
    _write(environment, "GITHUB_STEP_SUMMARY", "\n\n".join(parts) + "\n")


def main() -> None:
    """Run the step that the command line names; exit with one line if it fails."""
    if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
        sys.exit(
            f"usage: python -m ci.release STEP, which is one of {', '.join(STEPS)}"
        )
    try:
        STEPS[sys.argv[1]](os.environ)
    except ReleaseError as error:
        _explain(sys.argv[1], error, os.environ)
        sys.exit(f"{sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
