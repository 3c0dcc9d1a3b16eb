"""`python -m ci.release STEP`: a step of the deployment, configured by variables."""

import json
import os
import sys
from collections.abc import Mapping

from ci.release import health, images, server, settings
from ci.release.command import LAST_LINES, ReleaseError, say

NOT_CONFIGURED = (
    "AWS is not configured for this repository, so there is nothing to deploy to, and "
    "that is fine. To change it: terraform/README.md."
)


def check_settings(environment: Mapping[str, str]) -> None:
    """Say whether to deploy; GitHub's later jobs read the answer from GITHUB_OUTPUT."""
    settings.checked(environment["TAG"])
    configured = settings.is_configured(json.loads(environment["VARIABLES"]))
    if not configured:
        say(NOT_CONFIGURED)
        write(environment, "GITHUB_STEP_SUMMARY", f"⚪ {NOT_CONFIGURED}\n")
    write(environment, "GITHUB_OUTPUT", f"configured={str(configured).lower()}\n")


def push(environment: Mapping[str, str]) -> None:
    images.push(environment["ECR_REPOSITORY"], environment["TAG"])


def run(environment: Mapping[str, str]) -> None:
    tag = settings.checked(environment["TAG"])
    server.deploy(environment["EC2_INSTANCE_ID"], environment["DEPLOY_DOCUMENT"], tag)


def check(environment: Mapping[str, str]) -> None:
    health.check(environment["API_URL"], environment["TAG"])


def promote(environment: Mapping[str, str]) -> None:
    images.promote(environment["ECR_REPOSITORY"], environment["TAG"])
    done = f"✅ `{environment['TAG']}` serves at {environment['API_URL']}"
    write(environment, "GITHUB_STEP_SUMMARY", f"{done}, and is `stable`.\n")


STEPS = {
    "settings": check_settings,
    "push": push,
    "run": run,
    "check": check,
    "promote": promote,
}


def write(environment: Mapping[str, str], name: str, text: str) -> None:
    """Append to one of the files that GitHub reads after a step."""
    if environment.get(name):
        with open(environment[name], "a", encoding="utf-8") as file:
            file.write(text)


def explain(step: str, error: ReleaseError, environment: Mapping[str, str]) -> None:
    """Write the cause, the last lines and the live release into the job's summary."""
    release = environment.get("API_URL") and health.serving(environment["API_URL"])
    still = f"Release `{release}` serves." if release else "Nothing answers."
    lines = "\n".join(LAST_LINES).replace("```", "'''")
    parts = [f"## ❌ The deployment failed at: {step}", str(error)]
    if environment.get("API_URL"):
        parts.append(still)
    if lines:
        parts.append(f"The last lines:\n\n```text\n{lines}\n```")
    write(environment, "GITHUB_STEP_SUMMARY", "\n\n".join(parts) + "\n")


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
        sys.exit(
            f"usage: python -m ci.release STEP, which is one of {', '.join(STEPS)}"
        )
    try:
        STEPS[sys.argv[1]](os.environ)
    except ReleaseError as error:
        explain(sys.argv[1], error, os.environ)
        sys.exit(f"{sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
