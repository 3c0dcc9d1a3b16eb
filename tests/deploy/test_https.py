"""With a domain the server speaks HTTPS by itself, and a deploy still finds its way."""

import json

import pytest

from tests.deploy.conftest import HERE


@pytest.fixture(scope="module")
def said(base_images, project):
    python = project.path / ".venv/bin/python"
    script = HERE / "https_server.py"
    output = project.run(python, script, PYTHONPATH=str(project.path))
    return json.loads(output.splitlines()[-1])


def test_the_deploy_ends_well(said):
    assert said["exit_code"] == 0, said["deploy"]


def test_readers_get_a_trusted_certificate_and_hsts(said):
    head, _, body = said["https"].replace("\r", "").partition("\n\n")
    assert head.startswith("HTTP/2 200")
    assert "strict-transport-security: max-age=" in head
    assert json.loads(body)["release"] == "v1"


def test_plain_http_is_sent_to_https(said):
    assert said["http"].startswith("HTTP/1.1 308")
    assert "Location: https://localhost/" in said["http"]


def test_the_api_itself_knows_that_it_is_https(said):
    assert said["books"].startswith("HTTP/2 401"), "a redirect loop, or worse"
