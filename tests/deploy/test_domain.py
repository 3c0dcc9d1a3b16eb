"""A server with a domain: HTTPS by itself, and scripts that tell what is so."""

import json
import re

import pytest

from tests.deploy.conftest import HERE


@pytest.fixture(scope="session")
def said(base_images, project, once):
    def deploy(folder):
        folder.mkdir()
        python = project.path / ".venv/bin/python"
        script = HERE / "domain_server.py"
        output = project.run(python, script, PYTHONPATH=str(project.path))
        (folder / "said.json").write_text(output.splitlines()[-1])

    return json.loads((once("domain", deploy) / "said.json").read_text())


@pytest.mark.minutes(1.5)
def test_the_deploy_ends_well(said):
    code, output = said["deploy"]
    assert code == 0, output
    assert "done: v1 serves as blue, and is stable" in output


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


def test_the_checker_says_that_nothing_serves_yet(said):
    code, output = said["before"]
    assert code == 1
    assert "nothing serves yet: deploy.sh TAG" in output


def test_the_checker_says_which_colour_serves_what(said):
    code, output = said["well"]
    assert code == 0, output
    assert re.search(r"^blue +healthy +v1 +<- readers$", output, re.MULTILINE)
    assert re.search(r"^green +missing", output, re.MULTILINE)
    assert "stable: v1" in output
    assert '"release":"v1"' in output


def test_without_an_earlier_release_there_is_nothing_to_roll_back_to(said):
    code, output = said["rollback"]
    assert code == 1
    assert "no earlier release proved healthy" in output


def test_the_checker_fails_when_readers_get_no_answer(said):
    code, output = said["ill"]
    assert code == 1
    assert "blue does not answer through the proxy" in output


def test_no_secret_is_printed_and_no_login_is_kept(said):
    values = re.findall(r"^\w+=(\w{64})$", said["secrets"], re.MULTILINE)
    assert len(values) == 3
    outputs = " ".join(said[name][1] for name in ("deploy", "well", "rollback", "ill"))
    assert not [value for value in values if value in outputs]
    assert said["logins"] == ""
