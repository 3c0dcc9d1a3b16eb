"""The repository's variables: which are needed, and how to set them."""

import re
from collections.abc import Mapping

from ci.release.command import ReleaseError

NEEDED = (
    "AWS_REGION",
    "AWS_DEPLOY_ROLE",
    "ECR_REPOSITORY",
    "EC2_INSTANCE_ID",
    "DEPLOY_DOCUMENT",
    "API_URL",
)
NEEDED_FOR_SSH = ("SECURITY_GROUP_ID", "SSH_KNOWN_HOSTS")
HOW = (
    "terraform -chdir=terraform output -raw github_variables"
    " | gh variable set --env-file -"
)
HOW_KEY = "gh secret set SSH_PRIVATE_KEY --env production < library.pem"
HINTS = {
    "AWS_DEPLOY_ROLE": (
        "it stays empty until github_subject_prefix is set in terraform/prod.tfvars "
        "and applied"
    ),
    "SSH_KNOWN_HOSTS": "the line that `ssh-keyscan` prints for the server",
}
WAYS = ("ssm", "ssh")
# The pattern of the deploy document.
TAG = re.compile(r"[0-9a-f]{7,40}")


def missing(variables: Mapping[str, str]) -> list[str]:
    """Return the names that are not set; all of them for a repository without AWS."""
    needed = NEEDED + (NEEDED_FOR_SSH if way(variables) == "ssh" else ())
    return [name for name in needed if not variables.get(name)]


def is_configured(variables: Mapping[str, str]) -> bool:
    """Say whether to deploy; raise ReleaseError if the settings are incomplete."""
    lacking = missing(variables)
    if not any(variables.get(name) for name in NEEDED):
        return False
    if lacking:
        hints = [f"{name}: {HINTS[name]}" for name in lacking if name in HINTS]
        raise ReleaseError(
            f"repository variables are not set: {', '.join(lacking)}. Set them with: "
            + ". ".join([HOW, *hints])
        )
    return True


def way(variables: Mapping[str, str]) -> str:
    """Return how the server is reached: ssm, or ssh if DEPLOY_OVER says so."""
    chosen = variables.get("DEPLOY_OVER") or "ssm"
    if chosen not in WAYS:
        raise ReleaseError(
            f"DEPLOY_OVER is '{chosen}'; accepted are: {', '.join(WAYS)}"
        )
    return chosen


def key(environment: Mapping[str, str]) -> str:
    """Return the private key for SSH; raise ReleaseError if the secret is not set."""
    if not environment.get("SSH_PRIVATE_KEY"):
        raise ReleaseError(
            f"the secret SSH_PRIVATE_KEY is not set. Set it with: {HOW_KEY}"
        )
    return environment["SSH_PRIVATE_KEY"]


def checked(tag: str) -> str:
    """Return the tag; raise ReleaseError if it is not that of a commit."""
    if not TAG.fullmatch(tag):
        raise ReleaseError(
            f"'{tag}' is no release: 7 to 40 of 0-9 and a-f, a commit's hash"
        )
    return tag
