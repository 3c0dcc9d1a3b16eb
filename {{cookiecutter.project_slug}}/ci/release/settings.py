"""The repository's variables: which there must be, and how they get there."""

import re

from ci.release.command import Refused

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
# As the deploy document on the server accepts it.
TAG = re.compile(r"[0-9a-f]{7,40}")


def missing(variables):
    """Return the names that are not set; all of them for a repository without AWS."""
    return [name for name in NEEDED if not variables.get(name)]


def is_configured(variables):
    """Tell whether to deploy at all; raise Refused if the settings are incomplete."""
    lacking = missing(variables)
    if lacking == list(NEEDED):
        return False
    if lacking:
        hints = [f"{name}: {HINTS[name]}" for name in lacking if name in HINTS]
        raise Refused(
            f"repository variables are not set: {', '.join(lacking)}. Set them with: "
            + ". ".join([HOW, *hints])
        )
    return True


def checked(tag):
    """Return the tag; raise Refused if it can be no commit's."""
    if not TAG.fullmatch(tag):
        raise Refused(f"'{tag}' is no release: 7 to 40 of 0-9 and a-f, a commit's hash")
    return tag
