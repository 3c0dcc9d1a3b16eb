"""The server's scripts refuse what they can't work with, in one line."""

import os
import shutil
import stat

import pytest

from tests.baking import clean_environment, run

SCRIPTS = ("deploy.sh", "health-checker.sh")


@pytest.fixture
def server(rendered, tmp_path):
    """Scripts and data in folders with spaces in their names."""
    scripts, data = tmp_path / "our scripts", tmp_path / "our data"
    shutil.copytree(rendered.path / "scripts", scripts)

    def call(script, *arguments):
        return run(
            *(scripts / script, *arguments),
            cwd=tmp_path,
            env=clean_environment(DATA_DIR=str(data)),
        )

    call.scripts, call.data = scripts, data
    return call


def the_line(done):
    assert done.returncode == 1, done.stdout
    (line,) = done.stdout.splitlines()
    return line


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_says_what_it_does_and_how_it_ends(server, script):
    done = server(script, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {script}")
    assert "Exit codes:" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["v1", "v2"]])
def test_a_deploy_of_not_exactly_one_release_shows_the_usage(server, arguments):
    done = server("deploy.sh", *arguments)
    assert done.returncode == 1
    assert done.stdout.startswith("Usage: deploy.sh TAG")


@pytest.mark.parametrize("tag", ["", "a b", "$(id)", "-x", "../v1", "v1;id", "v" * 129])
def test_what_is_no_tag_is_refused(server, tag):
    assert "is no image tag: accepted are" in the_line(server("deploy.sh", tag))


def test_stable_is_no_release(server):
    assert "--rollback" in the_line(server("deploy.sh", "stable"))


def test_a_server_without_settings_is_told_which(server):
    for script in SCRIPTS:
        done = server(script, *(["v1"] if script == "deploy.sh" else []))
        assert "config.env is missing" in the_line(done)
    (server.scripts / "config.env").write_text("AWS_REGION=here\n")
    assert "secrets.env can't be read" in the_line(server("deploy.sh", "v1"))
    server("first-boot.sh")
    assert "REGISTRY is not set" in the_line(server("deploy.sh", "v1"))


def test_the_first_boot_makes_secrets_that_only_root_reads(server):
    assert server("first-boot.sh").returncode == 0
    secrets = server.data / "secrets.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    values = dict(
        line.split("=") for line in secrets.read_text().splitlines() if "=" in line
    )
    assert set(values) == {"SECRET_KEY", "JWT_SECRET_KEY", "POSTGRES_PASSWORD"}
    assert len(set(values.values())) == 3
    assert all(len(value) == 64 for value in values.values())


def test_a_second_boot_changes_no_secret(server):
    server("first-boot.sh")
    before = (server.data / "secrets.env").read_bytes()
    assert "left as it is" in server("first-boot.sh").stdout
    assert (server.data / "secrets.env").read_bytes() == before


def test_no_new_secrets_are_made_for_an_old_database(server):
    server("first-boot.sh")
    (server.data / "postgres/PG_VERSION").write_text("17")
    os.remove(server.data / "secrets.env")
    assert "put that file back" in the_line(server("first-boot.sh"))
    assert not (server.data / "secrets.env").exists()
