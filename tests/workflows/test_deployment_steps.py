"""Single steps of the deployment, each a command, where something is out of order."""

import os
import sys
from types import SimpleNamespace

import pytest

from tests.baking import clean_environment, run
from tests.workflows import aws
from tests.workflows.conftest import beside_python

pytestmark = pytest.mark.deep
ELSEWHERE = "198.51.100.7"
TERRAFORMS = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "203.0.113.9/32", "Description": "SSH for your_ip"}],
}


@pytest.fixture
def cloud():
    return aws.Cloud(SimpleNamespace(repository="registry.example/library"))


@pytest.fixture
def endpoint(cloud, account):
    with aws.serving(cloud, account.url) as server:
        yield server


@pytest.fixture
def step(endpoint, cloud, account, rendered, monkeypatch):
    """Run a step of the deployment; return what it said and its exit code."""
    monkeypatch.setenv("PATH", beside_python() + os.environ["PATH"])

    def play(name, **variables):
        environment = clean_environment(
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION=account.region,
            AWS_ENDPOINT_URL=endpoint.url,
            API_URL="http://127.0.0.1:1/api/v1",
            DEPLOY_DOCUMENT=cloud.document,
            DEPLOY_POLL_SECONDS="0.1",
            EC2_INSTANCE_ID=cloud.instance,
            SECURITY_GROUP_ID=account.group,
            TAG="a" * 40,
            WHAT_IS_MY_ADDRESS=endpoint.url,
        )
        command = (sys.executable, "-B", "-m", "ci.release", name)
        done = run(*command, cwd=rendered.path, env=environment | variables)
        return done.stdout, done.returncode

    return play


def test_port_22_is_closed_from_another_address_than_it_was_opened_from(
    step, endpoint, account
):
    step("open-ssh")
    assert account.open_to() == ["203.0.113.9/32"]
    endpoint.asker = ELSEWHERE
    assert step("close-ssh") == ("port 22 is closed again\n", 0)
    assert account.open_to() == []
    assert step("close-ssh") == ("", 0)


def test_what_a_killed_run_left_open_is_closed_by_the_next(step, endpoint, account):
    step("open-ssh")
    endpoint.asker = ELSEWHERE
    said, code = step("open-ssh")
    assert code == 0, said
    assert account.open_to() == [f"{ELSEWHERE}/32"]
    step("close-ssh")


def test_a_rule_of_terraform_for_the_same_address_stays(step, account):
    rule = {"GroupId": account.group, "IpPermissions": [TERRAFORMS]}
    account.ec2.authorize_security_group_ingress(**rule)
    try:
        said, code = step("open-ssh")
        assert code == 0, said
        step("close-ssh")
        assert account.open_to() == ["203.0.113.9/32"]
    finally:
        account.ec2.revoke_security_group_ingress(**rule)


def test_a_server_that_is_off_takes_up_no_deploy(step, cloud):
    cloud.off = True
    said, code = step("run")
    assert code == 1
    assert f"{cloud.instance} did not take the deploy up in 120 s: is it on?" in said


def test_a_missing_key_for_ssh_is_named(step):
    said, code = step("run", DEPLOY_OVER="ssh", SSH_KNOWN_HOSTS="here")
    assert code == 1
    assert "the secret SSH_PRIVATE_KEY is not set. Set it with: gh secret set" in said
