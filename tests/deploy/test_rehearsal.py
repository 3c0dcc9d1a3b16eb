"""The whole rehearsal: no deploy loses a request or a row, and no enemy does harm."""

import json
import os
import re
import shutil
from html import unescape

import pytest

from tests.deploy.conftest import docker

LABEL = "library.rehearsal"
COSTLY = {
    "engine restart",
    "engine restart at the start",
    "failing writes",
    "hung threads",
    "services: database",
    "host restart",
    "control: down && up",
}
SCENARIOS = {
    "good release",
    "logins at once",
    "unhealthy release",
    "crash at start",
    "slow to start",
    "missing tag",
    "unreadable list",
    "lost cache",
    "full data disk",
    "another release's name",
    "two deploys at once",
    "killed before the start",
    "killed before the switch",
    "killed during the switch",
    "killed after the switch",
    "migration of a table in use",
    "migration that holds a table",
    "expanding migration",
    "a fifth of a processor",
    "--rollback",
    "two bad releases",
    "its own deploy.sh",
    "its own docker-compose.yml",
    "back to other scripts",
    "services: cache, proxy",
    "commands",
    "corrupt dump",
    "deleted books",
    "lost volume",
    "new server",
}
ENEMIES = {
    "enemy: slow bodies",
    "enemy: slow headers",
    "enemy: memory bombs",
    "enemy: login burst",
    "enemy: many addresses, one account",
    "enemy: a held lock",
    "enemy: foreign values in Redis",
    "enemy: a stolen refresh token",
    "enemy: a full disk",
    "enemy: Redis gone",
}
HOSTS = {
    "hosts: rolled to the next release",
    "hosts: an unhealthy release",
    "hosts: one killed",
    "hosts: one left, then replaced",
    "hosts: consistency across both",
}
# There the honest readers are told to come back: they can't write meanwhile.
REFUSING = {"enemy: a held lock", "enemy: a full disk"}


def made_by(run_id):
    """Every container, volume, network and image of this rehearsal that is there."""
    only = ("--quiet", "--filter", f"label={LABEL}={run_id}")
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"), ("image", "ls"))
    return [line for kind in kinds for line in docker(*kind, *only).split()]


class Rehearsal:
    """What a rehearsal of all scenarios said and left, kept as files."""

    def __init__(self, folder):
        self.folder = folder
        self.said = (folder / "said.txt").read_text(encoding="utf-8")
        self.exit_code, self.left = json.loads((folder / "end.json").read_text())

    @property
    def report(self):
        return json.loads((self.folder / "report.json").read_text())

    @property
    def outcomes(self):
        return self.report["outcomes"]

    @property
    def enemies(self):
        return {outcome["name"]: outcome for outcome in self.report["enemy"]}

    @property
    def hosts(self):
        outcomes = json.loads((self.folder / "hosts.json").read_text())
        return {outcome["name"]: outcome for outcome in outcomes}


@pytest.fixture(scope="session")
def rehearsal(base_images, project, once):
    def play(folder):
        folder.mkdir()
        # Readers who send late would hide what a server does.
        first = () if os.geteuid() else ("nice", "-n", "-10")
        command = (*first, "make", "rehearse", f"ARGS=--report {folder}")
        done = project.try_to_run(*command)
        # There may be other servers, of another test or of a run that was killed.
        started = re.search(r"throw-away server library-rehearsal-(\w+)", done.stdout)
        assert started, done.stdout
        (folder / "said.txt").write_text(done.stdout, encoding="utf-8")
        end = [done.returncode, made_by(started[1])]
        (folder / "end.json").write_text(json.dumps(end))

    rehearsal = Rehearsal(once("rehearsal", play))
    print(rehearsal.said)
    return rehearsal


@pytest.mark.minutes(16)
def test_no_request_and_no_row_is_lost(rehearsal):
    outcomes = rehearsal.outcomes
    seen = {outcome["name"]: outcome for outcome in outcomes}
    assert seen.keys() == SCENARIOS | COSTLY
    assert {name: seen[name]["failed"] for name in SCENARIOS} == dict.fromkeys(
        SCENARIOS, 0
    )
    assert {name: outcome["lost"] for name, outcome in seen.items()} == dict.fromkeys(
        seen, 0
    )
    # The load was one that can fail.
    assert seen["control: down && up"]["failed"] > 0
    assert all(outcome["acknowledged"] > 0 for outcome in outcomes)
    assert rehearsal.exit_code == 0


def test_a_bad_release_answers_nobody(rehearsal):
    answered = {
        outcome["name"]: set(outcome["releases"]) for outcome in rehearsal.outcomes
    }
    # Only readers can find this fault: for a moment some are sent to it.
    answered["another release's name"].discard("another")
    own = {"own-deploy", "own-compose"}
    good = {"v1", "v2", "v3", "v4", "slow", "expanding"} | own
    # What is wrong with these only readers see.
    good |= {"wrong", "wrong-too", "failing", "hanging"}
    assert set.union(*answered.values()) == good


def test_the_load_is_reported_as_it_was(rehearsal):
    for outcome in rehearsal.outcomes:
        seconds = outcome["ended"] - outcome["began"]
        assert outcome["rate"] == pytest.approx(outcome["sent"] / seconds)
        assert outcome["slowest"] > 0
    assert "a second" in rehearsal.said and "slowest" in rehearsal.said


def test_every_request_belongs_to_a_scenario(rehearsal):
    ends = [outcome["ended"] for outcome in rehearsal.outcomes]
    assert [outcome["began"] for outcome in rehearsal.outcomes[1:]] == ends[:-1]


def test_no_enemy_gets_more_than_it_may(rehearsal):
    found = {name: each["problems"] for name, each in rehearsal.enemies.items()}
    assert found == dict.fromkeys(ENEMIES, [])


def test_no_enemy_costs_an_honest_reader_anything(rehearsal):
    enemies = rehearsal.enemies.values()
    assert {each["name"] for each in enemies if each["refused"]} == REFUSING
    for each in enemies:
        assert (each["failed"], each["lost"], each["kills"]) == (0, 0, {})
        assert each["sent"] > 0 and each["acknowledged"] > 0
        assert each["peaks"].keys() >= {"caddy", "db", "redis"}


def test_hosts_are_replaced_without_a_lost_request(rehearsal):
    hosts = rehearsal.hosts
    assert {name: each["problems"] for name, each in hosts.items()} == dict.fromkeys(
        HOSTS, []
    )
    loaded = {name: each for name, each in hosts.items() if each["sent"]}
    assert all(each["acknowledged"] and not each["lost"] for each in loaded.values())
    # The load was one that can fail. It does with one host of two, and only until the
    # balancer notices: the scene after it begins there.
    killed = loaded.pop("hosts: one killed")
    assert 0 < killed["failed"] < killed["sent"]
    assert {name: each["failed"] for name, each in loaded.items()} == dict.fromkeys(
        loaded, 0
    )
    assert len(loaded) == 3
    assert "unhealthy" not in set().union(
        *(each["releases"] for each in hosts.values())
    )


def test_no_host_serves_what_another_has_changed(rehearsal):
    tested = rehearsal.hosts["hosts: consistency across both"]
    assert tested["reads"] > 0 and tested["stale"] == 0
    assert len(tested["servers"]) >= 4, "both, of two releases, served from the cache"


def test_it_ends_with_tables_and_pictures(rehearsal):
    folder = rehearsal.folder
    assert "| scenario " in rehearsal.said and "| scene " in rehearsal.said
    for name, scenes in (("deploys", SCENARIOS | COSTLY), ("enemy", ENEMIES)):
        drawn = (folder / f"{name}.svg").read_text(encoding="utf-8")
        words = {unescape(word) for word in re.findall(r">([^<]+)</text>", drawn)}
        assert scenes | {"answered", "minutes"} <= words
    assert (folder / "report.md").read_text().startswith("# Rehearsal")


def test_nothing_of_it_is_left(rehearsal):
    assert rehearsal.left == []
    assert docker("image", "ls", "--quiet", "python:3.13-slim")


@pytest.fixture
def refusal(project):
    """Run the rehearsal where it can't work; gives the one line that it prints."""

    def rehearse(**variables):
        python = project.path / ".venv/bin/python"
        done = project.try_to_run(python, "-m", "lab.rehearsal", **variables)
        assert done.returncode == 1
        (line,) = done.stdout.splitlines()
        return line

    return rehearse


def programs(folder, *names):
    """A PATH with these programs of this machine and no others."""
    for name in names:
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


def test_without_docker_it_says_what_to_install(refusal, tmp_path):
    line = refusal(PATH=str(tmp_path))
    assert "Docker is not installed: see docs.docker.com" in line


def test_without_an_engine_it_says_to_start_it(engine, refusal, tmp_path):
    line = refusal(DOCKER_HOST=f"unix://{tmp_path}/no.sock")
    assert "Docker does not answer; start it first" in line


def test_without_ssh_it_says_what_to_install(engine, refusal, tmp_path):
    line = refusal(PATH=programs(tmp_path, "docker", "ssh"))
    assert "ssh-keygen is not installed: it comes with OpenSSH's client" in line


def test_a_scenario_that_does_not_exist_is_refused_with_those_that_do(project):
    done = project.try_to_run(
        *(
            project.path / ".venv/bin/python",
            "-m",
            "lab.rehearsal",
            "--only",
            "nonsense",
        )
    )
    assert done.returncode == 1
    assert "good release" in done.stdout
