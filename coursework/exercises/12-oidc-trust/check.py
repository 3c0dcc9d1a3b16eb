"""Terraform works the policy out; forged tokens are held against it, as AWS would."""

import random
import re

from course.marks import wrong
from course.plans import planned

FILE = "terraform/github.tf"
BLOCK = "data.aws_iam_policy_document.github_trust"
ISSUER = "token.actions.githubusercontent.com"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/" + ISSUER
ACTION = "sts:AssumeRoleWithWebIdentity"
PROVIDERS = {"aws_iam_openid_connect_provider": {"github": [{"arn": PROVIDER}]}}
OTHERS = PROVIDERS | {"data": PROVIDERS}
REQUIRED = {"project": "library", "aws_region": "ap-northeast-2", "key_pair_name": "k"}
NAMES = ("blue-whale", "grey-seal", "red-fox", "barn-owl", "house-cat")
TEST = re.compile(
    r"(?:For(?:AnyValue|AllValues):)?String(Not)?"
    r"(Equals|EqualsIgnoreCase|Like)(IfExists)?"
)


def check(seed):
    """Try a repository of today, whose subject has numbers, and an older one."""
    data = random.Random(seed)
    owner, name = data.sample(NAMES, 2)
    first, second, other = data.sample(range(10_000, 99_999), 3)
    numbered = f"repo:{owner}@{first}/{name}@{second}"
    retaken = f"repo:{owner}@{other}/{name}@{other + 1}:environment:production"
    check_policy(f"{owner}/{name}", numbered, [("name_taken", {"sub": retaken})])
    check_policy(f"{owner}/{name}", f"repo:{owner}/{name}", [])


def check_policy(repository, prefix, more):
    """Ask for the role with the deployment's own token, then with forged ones."""
    statements = policy(repository, prefix)
    genuine = {
        "aud": "sts.amazonaws.com",
        "sub": f"{prefix}:environment:production",
        "ref": "refs/heads/main",
        "repository": repository,
        "environment": "production",
        "workflow": "deployment",
    }
    if not lends(statements, genuine):
        wrong("refused", evidence(statements, genuine))
    for key, forged in [*more, *forgeries(repository, prefix)]:
        token = genuine | forged
        if lends(statements, token):
            wrong(key, evidence(statements, token), **token)
    check_principals(statements)


def forgeries(repository, prefix):
    """Yield the key of a sentence, and what such a token says instead."""
    owner, name = repository.split("/")
    yield "branch", {"ref": "refs/heads/try-it"}
    yield "lookalike", {"ref": "refs/heads/main2"}
    yield "tag", {"ref": "refs/tags/main"}
    pulled = {"ref": "refs/pull/1/merge"}
    yield "pull_request", pulled | {"sub": f"{prefix}:pull_request"}
    yield "environment", {"sub": f"{prefix}:environment:test", "environment": "test"}
    yield "environment", {"sub": f"{prefix}:ref:refs/heads/main", "environment": "-"}
    for sub in (f"{prefix}2", f"repo:{owner}/other", f"repo:stranger/{name}"):
        forged = {"sub": f"{sub}:environment:production", "repository": sub[5:]}
        yield "repository", forged
    yield "audience", {"aud": f"https://github.com/{owner}"}
    yield "no_ref", {"ref": None}


def policy(repository, prefix):
    """Return the statements of the policy, as Terraform works them out."""
    given = {"github_repository": repository, "github_subject_prefix": prefix}
    [document] = planned(FILE, {BLOCK}, OTHERS, **given, **REQUIRED)
    return document.get("statement", [])


def lends(statements, token):
    """Return whether AWS lends the role: a statement allows it, and none denies it."""
    effects = {each.get("effect", "Allow") for each in statements if fits(each, token)}
    return effects == {"Allow"}


def fits(statement, token):
    """Return whether a statement is about this token: each condition holds."""
    actions = statement.get("actions", [])
    return any(like(each, ACTION) for each in actions) and all(
        holds(each, token) for each in statement.get("condition", [])
    )


def holds(condition, token):
    """Return whether a condition holds. A claim that isn't there equals nothing."""
    test = TEST.fullmatch(condition["test"])
    issuer, _, name = condition["variable"].partition(":")
    if test is None or issuer != ISSUER:
        wrong("unknown", f"{condition['test']} {condition['variable']}")
    negated, kind, if_exists = test.groups()
    if token.get(name) is None:
        return bool(negated or if_exists)
    same = {"Equals": str.__eq__, "Like": like}.get(kind, equal_ignoring_case)
    found = any(same(value, token[name]) for value in condition["values"])
    return found != bool(negated)


def equal_ignoring_case(one, other):
    """Return whether two texts differ at most in case."""
    return one.lower() == other.lower()


def like(pattern, text):
    """Return whether a text fits a pattern of AWS, with * and ?."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, text, re.DOTALL) is not None


def check_principals(statements):
    """Look at whose tokens are taken at all."""
    for statement in statements:
        for each in statement.get("principals", []):
            if (each["type"], each["identifiers"]) != ("Federated", [PROVIDER]):
                wrong("principal", f"principals: {each['type']} {each['identifiers']}")


def evidence(statements, token):
    """Return the token's claims and the policy's conditions, line by line."""
    claims = [f"{name}: {token[name]}" for name in ("aud", "sub", "ref")]
    conditions = [
        f"{each['test']} {each['variable'].rpartition(':')[2]} {each['values']}"
        for statement in statements
        for each in statement.get("condition", [])
    ]
    return ["the token:", *claims, "the policy:", *(conditions or ["no condition"])]
