"""Single steps of the deployment, each a command, where something is out of order."""

import os
import sys
from types import SimpleNamespace

import pytest

from tests.baking import clean_environment, run
from tests.workflows import aws

pytestmark = pytest.mark.deep


@pytest.fixture
def cloud():
    return aws.Cloud(SimpleNamespace(repository="registry.example/library"))


@pytest.fixture
def step(cloud, rendered, monkeypatch):
    """Run a step of the deployment; return what it said and its exit code."""
    beside_python = os.path.dirname(sys.executable)
    monkeypatch.setenv("PATH", beside_python + os.pathsep + os.environ["PATH"])

    def play(name, url):
        environment = clean_environment(
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION="eu-west-1",
            AWS_ENDPOINT_URL=url,
            API_URL="http://127.0.0.1:1/api/v1",
            DEPLOY_DOCUMENT=cloud.document,
            DEPLOY_POLL_SECONDS="0.1",
            EC2_INSTANCE_ID=cloud.instance,
            TAG="a" * 40,
        )
        command = (sys.executable, "-B", "-m", "ci.release", name)
        done = run(*command, cwd=rendered.path, env=environment)
        return done.stdout, done.returncode

    with aws.serving(cloud) as endpoint:
        yield lambda name: play(name, endpoint.url)


def test_a_server_that_is_off_takes_up_no_deploy(step, cloud):
    cloud.off = True
    said, code = step("run")
    assert code == 1
    assert f"{cloud.instance} did not take the deploy up in 120 s: is it on?" in said
