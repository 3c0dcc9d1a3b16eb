"""A machine without Docker: its scripts are real; docker, curl and flock stand in."""

import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

from course.grader import ROOT
from course.marks import wrong

BUSY = 75
# What the scripts ask: which release a colour runs, and which colour readers get.
STANDINS = {
    "docker": """case "$*" in
  *ps*web-blue) echo blue ;;
  inspect*Config.Image*) echo "registry/library:$(cat "$FAKE/live")" ;;
  pull* | *stable*) echo "$*" >>"$FAKE/registry"; exit 1 ;;
esac""",
    "curl": 'case "$*" in *colour*) echo blue ;; *) exit 22 ;; esac',
    "flock": '[ ! -e "$FAKE/busy" ]',
}
DEPLOY = 'echo "${1:-}" >>"$FAKE/deployed"'


def check(seed):
    """Roll back until nothing is left, then to releases that are named."""
    data = random.Random(seed)
    tags = [f"{data.randrange(16**7):07x}" for _ in range(data.randrange(3, 6))]
    with tempfile.TemporaryDirectory() as folder:
        check_one_by_one(Machine(Path(folder) / "one", tags), tags)
        check_named(Machine(Path(folder) / "two", tags), tags)
        check_busy(Machine(Path(folder) / "three", tags))


class Machine:
    """A server with these releases in its history; the last one serves."""

    def __init__(self, folder, tags):
        """Lay the scripts out as on the server."""
        self.fake, self.state = folder / "fake", folder / "data/deploy"
        self.library = folder / "library"
        for each in (self.fake, self.state, self.library / "releases"):
            each.mkdir(parents=True)
        shutil.copytree(ROOT / "scripts", self.library / "releases/now")
        for name, code in STANDINS.items():
            script(self.fake / name, code)
        script(self.library / "deploy.sh", DEPLOY)
        (self.library / "config.env").write_text("REGISTRY=registry/library\n")
        (self.state.parent / "secrets.env").write_text("")
        (self.state / "lock").write_text("4711")
        self.said = []
        for tag in tags:
            self.serve(tag)

    def serve(self, tag):
        """Let a release serve, as deploy.sh does in the end."""
        (self.fake / "live").write_text(tag)
        with open(self.state / "releases", "a", encoding="utf-8") as history:
            history.write(f"{tag}\n")

    def bad(self):
        """Return the tags of the releases that are bad."""
        path = self.state / "bad"
        return [line.split()[0] for line in path.read_text().splitlines() if line]

    def roll_back(self, *tag):
        """Roll back; return the exit code, and the release that was deployed."""
        live, deployed = (self.fake / "live").read_text(), self.fake / "deployed"
        deployed.unlink(missing_ok=True)
        done = subprocess.run(
            ["bash", self.library / "releases/now/health-checker.sh"]
            + ["--rollback", *tag],
            env={
                "PATH": f"{self.fake}{os.pathsep}{os.environ['PATH']}",
                "FAKE": str(self.fake),
                "DATA_DIR": str(self.state.parent),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        target = deployed.read_text().strip() if deployed.exists() else None
        command = " ".join(["health-checker.sh --rollback", *tag])
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        said = f"deploys {target}" if target else f"deploys nothing {last}"
        self.said.append(f"{live} serves; {command}: {said}")
        if (self.fake / "registry").exists():
            wrong("registry", self.said)
        return done.returncode, target if deployed.exists() else None


def script(path, code):
    """Write a shell script that can be run."""
    path.write_text(f"#!/usr/bin/env bash\n{code}\n", encoding="utf-8")
    path.chmod(0o755)


def check_one_by_one(machine, tags):
    """Each release is as bad as the last, until there is none to go back to."""
    for number in range(len(tags) - 1, 0, -1):
        live, wanted = tags[number], tags[number - 1]
        _, target = machine.roll_back()
        if target == live:
            wrong("stays", machine.said, tag=live)
        if target in tags[number:]:
            wrong("flips", machine.said, tag=target)
        if target != wanted:
            wrong("not_the_last", machine.said, wanted=wanted)
        machine.serve(target)
    code, target = machine.roll_back()
    if target in tags[1:]:
        wrong("flips", machine.said, tag=target)
    if target is not None or code == 0:
        wrong("nothing_left", machine.said)


def check_named(machine, tags):
    """Name a bad release, one that was never here, and a good one."""
    machine.roll_back()
    machine.serve(tags[-2])
    for tag, key in ((tags[-1], "bad"), ("0ff0ff0", "unknown")):
        code, target = machine.roll_back(tag)
        if target is not None or code == 0:
            wrong(key, machine.said, tag=tag)
    _, target = machine.roll_back(tags[0])
    if target != tags[0]:
        wrong("named", machine.said, tag=tags[0])


def check_busy(machine):
    """Another deploy runs: nothing is deployed, and nothing is bad for that."""
    (machine.fake / "busy").touch()
    code, target = machine.roll_back()
    if target is not None or code != BUSY:
        wrong("busy", [*machine.said, f"exit code {code}"], busy=BUSY)
    if (machine.state / "bad").exists() and machine.bad():
        wrong("verdict", [*machine.said, f"bad: {machine.bad()}"])
