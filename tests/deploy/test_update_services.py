"""Updating Redis, Caddy and PostgreSQL: what is asked of Docker and of the firewall.

tests/deploy/test_rehearsal.py plays it for real.
"""

import fcntl
import os
import shutil
import signal
import subprocess

import pytest

from tests.baking import clean_environment, run
from tests.polling import wait_until

# Notes what it is asked. The files `fails` and `hangs` hold the last word of what does.
DOCKER = """\
#!/bin/bash
while [[ ${1:-} =~ ^(compose|--project-directory|--env-file|/.*)$ ]]; do shift; done
echo "docker $*" >> noted
[ "${*: -1}" != "$(cat hangs 2>&1)" ] || exec sleep 600
[ "${*: -1}" != "$(cat fails 2>&1)" ] || { echo "no such luck"; exit 1; }
"""
FIREWALL = """\
#!/bin/bash
echo "${0##*/} $*" >> noted
[ "${0##*/}" != "$(cat fails 2>&1)" ] || { echo "no such table" >&2; exit 3; }
"""
RULE = "PREROUTING -p tcp -m multiport --dports 80,443 --syn -j DROP"
# Over IPv4 and over IPv6.
HELD, LET_IN = (
    [f"{command} -w -t raw {change} {RULE}" for command in ("iptables", "ip6tables")]
    for change in ("-I", "-D")
)
REDIS, CADDY, DATABASE = (
    f"docker up --detach --no-deps {service}"
    for service in ("--wait redis", "caddy", "db")
)
READY = "docker exec -T db pg_isready --host=127.0.0.1 --username=library"
PULLED, PRUNED = "docker pull --quiet redis caddy", "docker image prune --force"


class Server:
    """A machine on which v1 serves, with stand-ins for its commands."""

    def __init__(self, rendered, folder):
        self.folder, self.data = folder, folder / "data"
        self.library = folder / "library"
        self.script = self.library / "terraform/scripts/update-services.sh"
        shutil.copytree(rendered.path / "scripts", self.script.parent)
        path = f"{folder}/bin:{os.environ['PATH']}"
        self.env = clean_environment(DATA_DIR=str(self.data), PATH=path)
        self.configure("REGISTRY=example.com/library")
        run(self.script.parent / "first-boot.sh", cwd=folder, env=self.env)
        (folder / "bin").mkdir()
        curl = "#!/bin/sh\necho blue\n"
        stand_ins = {"docker": DOCKER, "curl": curl}
        stand_ins |= dict.fromkeys(("iptables", "ip6tables"), FIREWALL)
        for name, script in stand_ins.items():
            (folder / "bin" / name).write_text(script)
            (folder / "bin" / name).chmod(0o755)
        (self.data / "deploy").mkdir(exist_ok=True)
        (self.data / "deploy/releases").write_text("v1\n")

    def configure(self, *lines):
        (self.library / "config.env").write_text("\n".join(lines) + "\n")

    def update(self, *options):
        return run(self.script, *options, cwd=self.folder, env=self.env)

    def noted(self):
        file = self.folder / "noted"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def server(rendered, tmp_path):
    return Server(rendered, tmp_path)


def the_end(done):
    return done.returncode, done.stdout.splitlines()[-1]


def test_new_connections_wait_while_the_proxy_is_replaced(server):
    done = server.update()
    assert done.returncode == 0, done.stdout
    assert "done: redis caddy are the newest" in done.stdout
    assert server.noted() == [PULLED, REDIS, *HELD, CADDY, *LET_IN, PRUNED]


def test_a_kernel_without_ipv6_is_told_of_and_stops_nothing(server):
    (server.folder / "fails").write_text("ip6tables")
    done = server.update("--no-pull")
    assert "IPv6: new connections can't be held: no such table" in done.stdout
    assert the_end(done)[0] == 0
    assert server.noted() == [REDIS, *HELD, CADDY, *LET_IN, PRUNED]


def test_no_connection_is_held_if_those_of_ipv4_can_not_be(server):
    (server.folder / "fails").write_text("iptables")
    line = "new connections can't be held: no such table"
    assert the_end(server.update("--no-pull")) == (1, line)
    wait_until(lambda: server.noted()[-2:] == LET_IN, "the rules' end", seconds=60)
    assert CADDY not in server.noted()


def test_the_database_is_replaced_where_it_runs_and_if_that_is_asked_for(server):
    done = server.update("--database", "--no-pull")
    assert "the database was away for " in done.stdout
    assert server.noted() == [REDIS, *HELD, CADDY, *LET_IN, DATABASE, READY, PRUNED]
    (server.folder / "noted").unlink()
    server.configure("REGISTRY=r", "DATABASE_URL=postgres://elsewhere/library")
    server.update("--database", "--no-pull")
    assert server.noted() == [REDIS, *HELD, CADDY, *LET_IN, PRUNED]


def test_images_that_do_not_come_change_nothing(server):
    (server.folder / "fails").write_text("caddy")
    line = "the images did not come, and nothing was touched: no such luck"
    assert the_end(server.update()) == (1, line)
    assert server.noted() == [PULLED]


def test_a_proxy_that_does_not_start_keeps_nobody_out(server):
    (server.folder / "fails").write_text("caddy")
    done = server.update("--no-pull")
    assert the_end(done) == (1, "caddy did not start: no such luck")
    wait_until(lambda: server.noted()[-2:] == LET_IN, "the rules' end", seconds=60)


def test_one_that_is_killed_keeps_nobody_out(server):
    (server.folder / "hangs").write_text("caddy")
    process = subprocess.Popen(
        [server.script, "--no-pull"],
        cwd=server.folder,
        env=server.env,
        start_new_session=True,
    )
    wait_until(lambda: CADDY in server.noted(), "the replacement", seconds=60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: server.noted()[-2:] == LET_IN, "the rules' end", seconds=60)


def test_while_a_deploy_runs_nothing_is_touched(server):
    with (server.data / "deploy/lock").open("w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        done = server.update()
    line = "another deploy is running (process 4711): wait for it"
    assert the_end(done) == (75, line)
    assert server.noted() == []


def test_what_it_does_not_take_shows_the_usage(server):
    done = server.update("redis")
    assert done.returncode == 1
    assert done.stdout.startswith("Usage: update-services.sh")
    (server.data / "deploy/releases").unlink()
    assert the_end(server.update()) == (1, "nothing serves yet: deploy.sh TAG")
