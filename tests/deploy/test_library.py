"""One door for a person: each command reaches what it names, word by word."""

import json
import shlex
import shutil

import pytest

from tests.deploy.backups import TAG, Machine, lend_servers
from tests.deploy.test_backup import last_line
from tests.terraform.cloud import Cloud

# Keeps what it was called with, one word a line.
KEEPS_WORDS = '#!/bin/sh\nprintf "%s\\n" "$@" > "$DATA_DIR/words"\n'
INSTANCE = "i-0123456789abcdef0"


@pytest.fixture(scope="module")
def servers(project):
    with lend_servers(project) as lent:
        yield lent


@pytest.fixture
def machine(project, servers, tmp_path):
    """It serves; no bucket is configured."""
    machine = Machine(project, tmp_path, servers, Cloud("http://127.0.0.1:9"))
    machine.configure()
    shutil.copytree(
        project.path / "terraform/entry", machine.library, dirs_exist_ok=True
    )
    return machine.serve()


def words(machine):
    return (machine.data / "words").read_text().splitlines()


def test_a_command_of_manage_runs_in_the_release_as_the_apis_role(machine):
    said = machine.succeed("library.sh", "manage", "check")
    assert "no issues" in said
    code = "from django.db import connection as c; print(c.settings_dict['USER'])"
    said = machine.succeed("library.sh", "manage", "shell", "-v0", "-c", code)
    assert said == "api\n"
    refused = machine.run("library.sh", "manage", "nonsense")
    assert refused.returncode != 0 and "nonsense" in refused.stdout


def test_one_command_makes_the_first_librarian(machine):
    machine.sql(
        "INSERT INTO users_user (email, username, password, is_staff, is_superuser,"
        " is_active, first_name, last_name, date_joined)"
        " VALUES ('mina@example.com', 'mina', 'x', false, false, true, '', '', now())"
    )
    said = machine.succeed("library.sh", "librarian", "mina@example.com")
    assert said == "mina@example.com is a librarian.\n"
    assert machine.sql("SELECT is_staff FROM users_user") == "t"
    line = last_line(machine.run("library.sh", "librarian"))
    assert line == "librarian takes one address: librarian you@example.com"


def test_releases_are_listed_with_the_one_that_readers_have(machine):
    (machine.data / "deploy/releases").write_text(f"v0\n{TAG}\n")
    assert machine.succeed("library.sh", "releases") == f"v0\n{TAG}  <- readers\n"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ([], ["web-blue"]),
        (["--since", "10m"], ["--since", "10m", "web-blue"]),
        (["caddy", "--follow"], ["--follow", "caddy"]),
    ],
)
def test_logs_are_those_of_the_live_release_or_of_a_service(machine, typed, asked):
    said = machine.succeed("library.sh", "logs", *typed)
    assert said.split() == ["--no-log-prefix", "--tail", "100", *asked]


def test_backups_are_made_listed_and_looked_at(machine):
    said = machine.succeed("library.sh", "backup")
    name = said.split("made: ")[1].split()[0]
    assert name in machine.succeed("library.sh", "backup", "--list")
    line = last_line(machine.run("library.sh", "restore", "latest"))
    assert line.startswith("nothing was touched") and name in line


@pytest.mark.parametrize(
    ("command", "option"), [("status", ""), ("rollback", "--rollback")]
)
def test_status_and_rollback_are_the_health_checkers(machine, command, option):
    machine_script = machine.scripts / "health-checker.sh"
    machine_script.write_text('#!/bin/sh\necho "asked $@"\n')
    assert machine.succeed("library.sh", command) == f"asked {option}\n"


def test_the_entry_asks_the_release_that_proved_healthy(machine):
    folder = "../.."
    assert "Usage: library.sh" in machine.succeed(f"{folder}/library.sh", "--help")
    (machine.data / "deploy/releases").unlink()
    shutil.copytree(machine.scripts, machine.library / "terraform/scripts")
    (machine.library / "terraform/scripts/library.sh").unlink()
    line = last_line(machine.run(f"{folder}/library.sh", "status"))
    assert line.startswith("no release that brings library.sh serves here yet")


def test_node_exporter_is_started_and_nothing_else(machine):
    machine.program("docker", KEEPS_WORDS)
    machine.succeed("library.sh", "node-exporter")
    assert words(machine)[-4:] == ["up", "--detach", "--no-deps", "node-exporter"]


@pytest.mark.parametrize("typed", [[], ["nonsense"], ["--instance", INSTANCE]])
def test_what_is_no_command_shows_the_usage(machine, typed):
    done = machine.run("library.sh", *typed)
    assert done.returncode == 1
    assert done.stdout.startswith("Usage: library.sh")


def test_on_a_machine_where_nothing_serves_it_says_so(machine):
    (machine.data / "proxy/colour").unlink()
    for command in ("logs", "releases", "shell"):
        line = last_line(machine.run("library.sh", command))
        assert line == "nothing serves yet: deploy.sh TAG"


def test_from_a_laptop_each_word_arrives_on_the_server_as_it_was_typed(machine):
    machine.program("aws", KEEPS_WORDS)
    typed = ["manage", "shell", "-c", 'print("a  b", \'$HOME\', r"\\n")']
    machine.succeed("library.sh", "--instance", INSTANCE, *typed)
    asked = words(machine)
    assert asked[:2] == ["ssm", "start-session"]
    assert asked[asked.index("--target") + 1] == INSTANCE
    assert "AWS-StartInteractiveCommand" in asked
    (line,) = json.loads(asked[-1])["command"]
    assert shlex.split(line) == ["sudo", "/opt/library/library.sh", *typed]


@pytest.mark.parametrize("instance", ["", "web-1", "i-0123; id", "i-XYZ45678"])
def test_what_is_no_instance_is_refused(machine, instance):
    line = last_line(machine.run("library.sh", "--instance", instance, "status"))
    assert "is no instance: terraform output -raw instance_id" in line
