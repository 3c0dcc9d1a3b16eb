"""The repository's variables: which are needed, and how to set them."""

import re
from collections.abc import Mapping

from ci.release.command import ReleaseError

# Where a release runs: on the server, or on ECS as soon as one of its two is set.
ON_SERVER = ("EC2_INSTANCE_ID", "DEPLOY_DOCUMENT")
ON_ECS = ("ECS_CLUSTER", "ECS_SERVICE")
HOW = "terraform -chdir={} output -raw github_variables | gh variable set --env-file -"
HINTS = {
    "AWS_DEPLOY_ROLE": (
        "it stays empty until github_subject_prefix is set in prod.tfvars and applied"
    ),
}
# The same pattern as in terraform/deploy_document.tf.
TAG = re.compile(r"[0-9a-f]{7,40}")
# In place of a tag, on ECS: the last good release before the one that serves.
PREVIOUS = "previous"


def is_on_ecs(variables: Mapping[str, str]) -> bool:
    """Return whether releases go to ECS, not to the server."""
    return any(variables.get(name) for name in ON_ECS)


def needed(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that have to be set."""
    where = ON_ECS if is_on_ecs(variables) else ON_SERVER
    return ("AWS_REGION", "AWS_DEPLOY_ROLE", "ECR_REPOSITORY", *where, "API_URL")


def missing(variables: Mapping[str, str]) -> list[str]:
    """Return the names that are not set; all of them for a repository without AWS."""
    return [name for name in needed(variables) if not variables.get(name)]


def is_configured(variables: Mapping[str, str]) -> bool:
    """Return whether AWS is set up at all; raise ReleaseError if only in part."""
    lacking = missing(variables)
    if lacking == list(needed(variables)):
        return False
    if lacking:
        root = "terraform/scale-out" if is_on_ecs(variables) else "terraform"
        hints = [f"{name}: {HINTS[name]}" for name in lacking if name in HINTS]
        raise ReleaseError(
            f"repository variables are not set: {', '.join(lacking)}. Set them with: "
            + ". ".join([HOW.format(root), *hints])
        )
    return True


def checked(tag: str, variables: Mapping[str, str]) -> str:
    """Return the tag; raise ReleaseError if it is not a commit's hash, or PREVIOUS."""
    if tag == PREVIOUS and is_on_ecs(variables):
        return tag
    if not TAG.fullmatch(tag):
        raise ReleaseError(
            f"'{tag}' is no release: 7 to 40 of 0-9 and a-f, a commit's hash (and "
            f"'{PREVIOUS}' where ECS runs it)"
        )
    return tag
