"""What happens to the server, one scenario after another.

Each function takes the Rehearsal, does one thing, and returns the exit code of the
deploy it is about. What must be so afterwards stands beside it in SCENARIOS.
"""

import dataclasses
from collections.abc import Callable

from rehearsal.docker import Refused
from rehearsal.host import wait_until

BUSY = 75
# In place of a tag: as before the scenario, or the one that was stable before that.
UNCHANGED = "unchanged"
EARLIER = "earlier"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A name, what to do, and what must be so when it is done.

    `release` serves afterwards and `stable` is marked so: a tag, UNCHANGED or EARLIER.
    """

    name: str
    play: Callable
    exit_code: int
    release: str
    stable: str
    may_fail: str = ""  # why requests may fail here; empty: none may


def good(stage):
    return stage.deploy("v2")


def unhealthy(stage):
    return stage.deploy("unhealthy")


def crashing(stage):
    return stage.deploy("crashing")


def missing(stage):
    return stage.deploy("no-such-tag")


def two_at_once(stage):
    """The exit code is the second's; the first must end well."""
    first = stage.start_deploy("v3")
    wait_until(lambda: "pulling" in stage.said(first), 180, "the first deploy's start")
    second = stage.deploy("v4")
    if stage.finish(first):
        raise Refused("the first of two deploys failed")
    return second


def killed_before_the_start(stage):
    return stage.kill_and_repeat("v4", when="migrating")


def killed_before_the_switch(stage):
    return stage.kill_and_repeat("v2", when="is healthy")


def killed_after_the_switch(stage):
    return stage.kill_and_repeat("v3", when="stopping")


def expanding(stage):
    return stage.deploy("expanding")


def rolled_back(stage):
    return stage.run("health-checker.sh", "--rollback")


def restarted(stage):
    stage.host.restart()
    wait_until(stage.host.health, 180, "the first answer after the restart")
    return 0


def down_and_up(stage):
    """The way of many a tutorial, for comparison."""
    return stage.down_and_up("v4")


OFF = "the machine is off"
CONTROL = "the control"
SCENARIOS = [
    Scenario("good release", good, 0, "v2", "v2"),
    Scenario("unhealthy release", unhealthy, 1, UNCHANGED, UNCHANGED),
    Scenario("crash at start", crashing, 1, UNCHANGED, UNCHANGED),
    Scenario("missing tag", missing, 1, UNCHANGED, UNCHANGED),
    Scenario("two deploys at once", two_at_once, BUSY, "v3", "v3"),
    Scenario("killed before the start", killed_before_the_start, 0, "v4", "v4"),
    Scenario("killed before the switch", killed_before_the_switch, 0, "v2", "v2"),
    Scenario("killed after the switch", killed_after_the_switch, 0, "v3", "v3"),
    Scenario("expanding migration", expanding, 0, "expanding", "expanding"),
    Scenario("--rollback", rolled_back, 0, EARLIER, EARLIER),
    Scenario("host restart", restarted, 0, UNCHANGED, UNCHANGED, may_fail=OFF),
    Scenario("control: down && up", down_and_up, 0, "v4", UNCHANGED, may_fail=CONTROL),
]
