"""A server that gets a domain: automatic HTTPS, and correct output of the scripts."""

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


@pytest.mark.minutes(4)
def test_without_a_domain_readers_come_in_at_plain_http(said):
    code, output = said["plain"]
    assert code == 0, output
    assert "done: v1 serves as blue, and is stable" in output
    assert said["plain http"].startswith("HTTP/1.1 401")


def test_a_domain_set_later_comes_with_the_next_deploy(said):
    code, output = said["deploy"]
    assert code == 0, output
    assert "done: v1 serves as green, and is stable" in output


def test_readers_get_a_trusted_certificate_and_hsts(said):
    head, _, body = said["https"].replace("\r", "").partition("\n\n")
    assert head.startswith("HTTP/2 200")
    # Minutes, and for this name alone, until a person says more.
    assert "\nstrict-transport-security: max-age=300\n" in f"{head}\n"
    # The proxy's, in place of the API's.
    assert head.count("\nx-request-id: ") == 1
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
    assert re.search(r"^green +healthy +v1 +<- readers$", output, re.MULTILINE)
    assert re.search(r"^blue +exited +v1$", output, re.MULTILINE)
    assert "stable: v1" in output
    assert 'https://localhost answers: {"status":"ok"' in output


def test_without_an_earlier_release_there_is_nothing_to_roll_back_to(said):
    code, output = said["rollback"]
    assert code == 1
    assert "no earlier release is good" in output


def test_the_checker_fails_when_readers_get_no_answer(said):
    code, output = said["ill"]
    assert code == 1
    assert "does not answer through the proxy" in output


def test_no_secret_is_printed_and_no_login_is_kept(said):
    values = re.findall(r"^\w+=(\w{64})$", said["secrets"], re.MULTILINE)
    assert len(values) == 6
    outputs = " ".join(each[1] for each in said.values() if isinstance(each, list))
    assert not [value for value in values if value in outputs]
    assert said["logins"] == ""


def test_a_setting_reaches_the_api_and_no_other_container(said):
    for setting in ("CACHE_TTL=77", "THROTTLE_LOGIN=40/min"):
        assert setting in said["web"].splitlines()
        assert said["containers"].count(f'"{setting}"') == 1


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_an_interrupted_pull_says_so_and_leaves_all_as_it_was(said, signal):
    code, output, live = said[signal]
    assert code == 1
    assert "FAILED: interrupted\n          last log line: Login Succeeded" in output
    assert "nothing was touched" in output
    assert live == said["colour"] == "green"
    assert said["logins of the interrupted"] == ""


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_an_interrupted_deploy_takes_back_what_it_began(said, signal):
    code, output, live = said[f"{signal} later"]
    assert "FAULT before: wait_until_healthy" in output
    assert code == 1
    assert "FAILED: interrupted" in output
    assert "still serving: v1 (green)" in output
    assert live == said["colour"]


def test_a_release_that_proved_itself_is_not_taken_back(said):
    code, output, live = said["too late"]
    assert "FAULT before: quietly docker tag" in output
    assert code == 0, output
    assert "done: v1 serves as blue" in output
    assert live == "blue"


def test_what_fails_after_the_switch_goes_back_to_the_old_address(said):
    code, output, live = said["wrong"]
    assert code == 1
    assert "FAILED: the proxy's answer is not from mislabelled" in output
    assert live == "blue"
    assert said["https again"].startswith("HTTP/2 401")


def test_a_release_that_readers_are_at_is_not_removed(said):
    code, output, live = said["no way back"]
    assert code == 1
    assert "did not go back to blue (try 3)" in output
    assert "readers are at mislabelled (green), and blue runs on beside it" in output
    assert live == "green"
    assert said["still"].startswith("HTTP/2 200")
    assert said["recovered"][0] == 0, said["recovered"][1]


def test_a_login_that_is_refused_is_not_taken_for_a_missing_image(said):
    code, output = said["registry"]
    assert code == 1
    assert "FAILED: the registry did not let us in" in output
    assert "last log line: " in output and "401 Unauthorized" in output


def test_a_full_disk_gives_the_proxy_no_empty_file(said):
    code, output, left = said["full"]
    assert code == 1
    assert "FAILED: /var/lib/library can't be written" in output
    assert "No space left on device" in output
    assert left == ""


def test_a_refused_password_is_told_without_advice_to_delete_the_database(said):
    code, output = said["password"]
    assert code == 1
    assert "FAILED: the migration failed" in output
    assert "last log line: The database has another password" in output
    assert "--volumes" not in output


def test_a_lost_connection_does_not_stop_a_deploy(said):
    assert said["lost"] == "it went on"
