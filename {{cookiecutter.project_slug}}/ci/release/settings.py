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
HOW = (
    "terraform -chdir=terraform output -raw github_variables"
    " | gh variable set --env-file -"
)
HINTS = {
    "AWS_DEPLOY_ROLE": (
        "it stays empty until github_subject_prefix is set in terraform/prod.tfvars "
        "and applied"
    ),
}
# The same pattern as in terraform/deploy_document.tf.
TAG = re.compile(r"[0-9a-f]{7,40}")


def missing(variables: Mapping[str, str]) -> list[str]:
    """Return the names that are not set; all of them for a repository without AWS."""
    return [name for name in NEEDED if not variables.get(name)]


def is_configured(variables: Mapping[str, str]) -> bool:
    """Return whether AWS is set up at all; raise ReleaseError if only in part."""
    lacking = missing(variables)
    if lacking == list(NEEDED):
        return False
    if lacking:
        hints = [f"{name}: {HINTS[name]}" for name in lacking if name in HINTS]
        raise ReleaseError(
            f"repository variables are not set: {', '.join(lacking)}. Set them with: "
            + ". ".join([HOW, *hints])
        )
    return True


def checked(tag: str) -> str:
    """Return the tag; raise ReleaseError if it is not a commit's hash."""
    if not TAG.fullmatch(tag):
        raise ReleaseError(
            f"'{tag}' is no release: 7 to 40 of 0-9 and a-f, a commit's hash"
        )
    return tag
