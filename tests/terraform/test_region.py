"""A second stack in another region, as the how-to makes it, outlives the first."""

import pytest

from tests.terraform.conftest import VAR_FILE

PROVIDER = "aws_iam_openid_connect_provider.github[0]"
# Enough to see what two stacks of an account share; the rest is each region's own.
SHARED = ("-target=aws_iam_role.github", "-target=aws_budgets_budget.monthly")
NEW = "eu-central-1"


@pytest.mark.minutes(1)
def test_the_new_region_keeps_github_s_way_in_when_the_old_one_goes(student):
    one = student(github_repository="octocat/shelf")
    variables = (
        *(VAR_FILE, "-var=github_subject_prefix=repo:octocat/shelf", *SHARED),
        "-var=budget_email=student@example.com",
    )
    one.main.apply(*variables)
    one.cloud.in_region(NEW).client("ec2").create_key_pair(KeyName="library")
    iam = one.cloud.client("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]

    one.main.run("state", "rm", PROVIDER)
    one.main.run("workspace", "new", NEW)
    there = (*variables, f"-var=aws_region={NEW}")
    one.main.apply(*without_targets(there), "-target=terraform_data.region")
    one.main.run("import", *without_targets(there), PROVIDER, provider["Arn"])
    one.main.apply(*there)
    assert len(budgets(one.cloud)) == 2

    one.main.run("workspace", "select", "default")
    # prod.tfvars names the new region by now; the old stack is still found.
    one.main.destroy(*there, "-var=create_github_oidc_provider=false")

    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [
        provider
    ]
    (role,) = [r for r in iam.list_roles()["Roles"] if "-github-" in r["RoleName"]]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"]["Federated"] == provider["Arn"]
    assert budgets(one.cloud) == [f"library-api-{NEW}-monthly"]
    one.main.run("workspace", "select", NEW)
    assert one.main.changes(*there) == {}


def without_targets(arguments):
    return [word for word in arguments if word not in SHARED]


def budgets(cloud):
    found = cloud.client("budgets").describe_budgets(AccountId="123456789012")
    return [budget["BudgetName"] for budget in found["Budgets"]]
