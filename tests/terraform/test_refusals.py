"""A plan that can't work fails and says why. (Bad values: terraform/tests.)"""

from tests.terraform.conftest import VAR_FILE


def test_a_key_pair_that_is_not_in_the_region_fails_the_plan(student):
    one = student()
    one.cloud.client("ec2").delete_key_pair(KeyName="library")
    said = one.main.refusal(VAR_FILE)
    assert "no matching EC2 Key Pair found" in said


def test_an_instance_type_that_can_not_run_the_image_fails_the_plan(student, subtests):
    one = student()
    for name in ("t4g.small", "t3.nano"):
        with subtests.test(name):
            said = one.main.refusal(VAR_FILE, "-var", f"instance_type={name}")
            assert f"{name} will not do: instance_type needs x86-64" in said


def test_without_github_everything_else_is_made(student):
    changes = student().main.changes(VAR_FILE)
    assert not [address for address in changes if "github" in address]
    assert changes["aws_instance.server"] == "create"


def test_an_oidc_provider_that_the_account_has_is_used(student):
    one = student(github_repository="octocat/shelf")
    arn = one.cloud.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com",
        ClientIDList=["sts.amazonaws.com"],
    )["OpenIDConnectProviderArn"]
    changes = one.main.changes(
        *(VAR_FILE, "-var=github_subject_prefix=repo:octocat/shelf"),
        *("-var=create_github_oidc_provider=false", "-out=plan.bin"),
    )
    assert changes["aws_iam_role.github[0]"] == "create"
    assert "aws_iam_openid_connect_provider.github[0]" not in changes
    planned = one.main.run("show", "-json", "plan.bin").stdout
    assert arn in planned
