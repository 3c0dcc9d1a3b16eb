"""The scenarios, in the order in which they are played.

Each function takes the Stage, does one thing, and returns the exit code of its deploy,
or 0 if it deploys nothing. SCENARIOS says what must be true afterwards.
"""

import dataclasses
from collections.abc import Callable
from functools import partial

from lab.rehearsal.docker import RehearsalError
from lab.rehearsal.enemy.faults import disk_filled, table_read
from lab.rehearsal.releases import OWN_LIMIT, OWN_WORDS
from tools.polling import wait_until

# deploy.sh's exit code while another deploy is running.
BUSY = 75
# In place of a tag: the release from before the scenario, or the stable one before it.
UNCHANGED = "unchanged"
EARLIER = "earlier"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A name, what to do, and what must be true afterwards.

    `release` is the release that serves, `stable` the one marked as stable: a tag,
    UNCHANGED or EARLIER. `says` are texts that the scripts must have printed. The
    releases in `after` are deployed first, unless they were the last ones already, so
    that a scenario can be played alone.
    """

    name: str
    play: Callable
    exit_code: int
    release: str
    stable: str
    says: tuple = ()
    # How often the proxy switches to the other colour; None: whichever serves is right.
    switches: int | None = 0
    after: tuple = ()
    may_fail: str = ""  # why requests may fail; empty if none may
    must_fail: bool = False  # some must, else the load is one that can't


def good(stage):
    """Deploy a release without a fault."""
    return stage.deploy("v2")


def logins_at_once(stage):
    """Log in more often at once than the API has threads: each hash takes memory."""
    stage.log_in_together(40)
    return 0


def unhealthy(stage):
    """Deploy a release that answers every request with 500."""
    return stage.deploy("unhealthy")


def crashing(stage):
    """Deploy a release whose process ends with an error at start."""
    return stage.deploy("crashing")


def slow_to_start(stage):
    """Deploy a release that takes longer to start than three checks."""
    return stage.deploy("slow")


def missing(stage):
    """Deploy a tag that the registry does not have."""
    return stage.deploy("no-such-tag")


def unreadable(stage):
    """Deploy a healthy release whose list of books is an error."""
    return stage.deploy("unreadable")


def cacheless(stage):
    """Deploy a release that looks for Redis where there is none."""
    return stage.deploy("cacheless")


def without_room(stage):
    """Deploy while the data's disk is all but full."""
    with disk_filled(stage.host, but=8):
        return stage.deploy("v3")


def mislabelled(stage):
    """Deploy a healthy release whose health check reports another tag."""
    return stage.deploy("mislabelled")


def two_at_once(stage):
    """Deploy while another deploy is running; return the second one's exit code.

    Raises RehearsalError if the first one fails.
    """
    first = stage.start_deploy("v3")
    wait_until(lambda: "pulling" in stage.said(first), "the first deploy's start")
    second = stage.deploy("v4")
    if stage.finish(first):
        raise RehearsalError("the first of two deploys failed")
    return second


def killed_before_the_start(stage):
    """Kill a deploy while it migrates, with its whole process group; deploy again."""
    return stage.kill_and_repeat("v4", says="migrating", not_yet="starting")


def killed_before_the_switch(stage):
    """Kill a deploy when both releases run and the proxy still serves the old one."""
    return stage.kill_before_and_repeat("v2", at="switch_proxy")


def killed_during_the_switch(stage):
    """Kill a deploy when the proxy's file is written, but not loaded yet."""
    return stage.kill_before_and_repeat("v3", at="quietly compose exec -T caddy")


def killed_after_the_switch(stage):
    """Kill a deploy when the new release serves, but is not marked as stable yet."""
    return stage.kill_before_and_repeat("v2", at="keep_release")


def engine_restarted(stage):
    """Restart the Docker engine while a release serves."""
    stage.host.restart_engine()
    return 0


def engine_restarted_at_start(stage):
    """Restart the Docker engine while a deploy starts its release; deploy again."""
    return stage.restart_engine_and_repeat("v3", says="starting v3")


def failing(stage):
    """Deploy a release that passes all checks, and fails every write of a book."""
    return stage.deploy("failing")


def hanging(stage):
    """Deploy a release and let all of its threads hang; wait until it answers again."""
    code = stage.deploy("hanging")
    stage.host.inside("sh", "-c", HANG)
    log = f"docker logs {stage.host.live_name()} 2>&1"
    healed = partial(stage.host.inside, "sh", "-c", f"{log} | grep HEALED || true")
    stage.say(f"    {wait_until(healed, 'a log that says so')}")
    wait_until(stage.host.health, "an answer of new workers")
    return code


def expanding_while_read(stage):
    """Deploy a migration of a table that somebody reads longer than readers wait."""
    with table_read(stage.host, 300):
        return stage.deploy("expanding")


def scanning(stage):
    """Deploy a migration that holds a table for longer than readers wait."""
    return stage.deploy("scanning")


def expanding(stage):
    """Deploy a release whose migration adds a column that the old release ignores."""
    return stage.deploy("expanding")


def on_a_small_machine(stage):
    """Deploy with the processor time of a small machine, under a load as small."""
    with stage.small_machine():
        return stage.deploy("v4")


def rolled_back(stage):
    """Roll back to the stable release before this one, by hand."""
    return stage.run("health-checker.sh", "--rollback")


def rolled_back_twice(stage):
    """Roll back from two wrong releases in a row, and then to one of them by name.

    Raises RehearsalError if the last is not refused.
    """
    codes = {stage.run("health-checker.sh", "--rollback") for _ in range(2)}
    if not stage.run("health-checker.sh", "--rollback", "wrong-too"):
        raise RehearsalError("a bad release came back")
    return max(codes)


def own_deploy(stage):
    """Deploy a release that changes deploy.sh: its own one has to run."""
    return stage.deploy("own-deploy")


def own_compose(stage):
    """Deploy a release with a memory limit of its own in docker-compose.yml.

    Raises RehearsalError if the API's container has another limit.
    """
    code = stage.deploy("own-compose")
    limit = stage.host.live_container("{{.HostConfig.Memory}}")
    if limit != str(OWN_LIMIT):
        raise RehearsalError(
            f"the API may use {limit} bytes, not its commit's {OWN_LIMIT}"
        )
    return code


def services_updated(stage):
    """Update the cache and the proxy, of which there are newer images."""
    return stage.update("redis:8", "caddy:2")


def database_updated(stage):
    """Update the database, too."""
    return stage.update("postgres:17", options=("--database",))


def restarted(stage):
    """Restart the server, and wait until it is healthy again without any help."""
    stage.host.restart()
    wait_until(stage.host.health, "the first answer after the restart")
    return 0


def down_and_up(stage):
    """Deploy as many tutorials do, to compare, with an image that the server has."""
    return stage.down_and_up("own-compose")


HANG = """\
for each in $(seq 40); do
  curl --silent --max-time 1 http://127.0.0.1/api/v1/hang &
done
wait"""
SOON = "until deploy.sh looks"
HUNG = "until three checks had no answer"
OFF = "the machine is off"
AWAY = "the database is away"
ENGINE = "the engine's forwarding and names are away for a second"
CONTROL = "the control"
DONE = ("done: ",)
LOG = "last log line: "
SCENARIOS = [
    Scenario("good release", good, 0, "v2", "v2", DONE, 1),
    Scenario("logins at once", logins_at_once, 0, UNCHANGED, UNCHANGED),
    Scenario(
        *("unhealthy release", unhealthy, 1, UNCHANGED, UNCHANGED),
        says=("unhealthy is unhealthy, its check says: 500", LOG),
    ),
    Scenario(
        *("crash at start", crashing, 1, UNCHANGED, UNCHANGED),
        says=(
            "crashing crashes at start",
            f"{LOG}Error: this release crashes at start",
        ),
    ),
    Scenario(
        *("missing tag", missing, 1, UNCHANGED, UNCHANGED),
        says=("FAILED: no image", LOG),
    ),
    Scenario(
        *("unreadable list", unreadable, 1, UNCHANGED, UNCHANGED),
        says=("unreadable can't be used", f"{LOG}GET /api/v1/books answers 500"),
    ),
    Scenario(
        *("lost cache", cacheless, 1, UNCHANGED, UNCHANGED),
        says=("cacheless can't be used", '"cache":"unreachable"'),
    ),
    Scenario(
        *("full data disk", without_room, 1, UNCHANGED, UNCHANGED),
        says=("MiB left, and a release needs 64",),
    ),
    Scenario(
        *("another release's name", mislabelled, 1, UNCHANGED, UNCHANGED),
        says=("the proxy's answer is not from mislabelled", f'{LOG}{{"status":"ok"'),
        switches=2,
    ),
    Scenario(
        *("slow to start", slow_to_start, 0, "slow", "slow"),
        says=DONE,
        switches=1,
    ),
    Scenario(
        *("two deploys at once", two_at_once, BUSY, "v3", "v3"),
        says=("another deploy is running", *DONE),
        switches=1,
    ),
    Scenario(
        "killed before the start", killed_before_the_start, 0, "v4", "v4", DONE, 1
    ),
    Scenario(
        "killed before the switch", killed_before_the_switch, 0, "v2", "v2", DONE, 1
    ),
    Scenario(
        "killed during the switch", killed_during_the_switch, 0, "v3", "v3", DONE, 1
    ),
    Scenario(
        "killed after the switch", killed_after_the_switch, 0, "v2", "v2", DONE, 2
    ),
    Scenario(
        *("engine restart", engine_restarted, 0, UNCHANGED, UNCHANGED), may_fail=ENGINE
    ),
    Scenario(
        *("engine restart at the start", engine_restarted_at_start, 0, "v3", "v3"),
        says=DONE,
        switches=1,
        may_fail=ENGINE,
    ),
    Scenario(
        *("failing writes", failing, 1, UNCHANGED, UNCHANGED),
        says=("failing fails readers: ",),
        switches=2,
        may_fail=SOON,
    ),
    Scenario(
        *("hung threads", hanging, 0, "hanging", "hanging"),
        says=DONE,
        switches=1,
        may_fail=HUNG,
    ),
    Scenario(
        *("migration of a table in use", expanding_while_read, 1),
        *(UNCHANGED, UNCHANGED),
        says=("the migration failed", f"{LOG}django.db.utils.OperationalError: "),
    ),
    Scenario(
        *("migration that holds a table", scanning, 1, UNCHANGED, UNCHANGED),
        says=("the migration failed", "due to statement timeout"),
    ),
    Scenario("expanding migration", expanding, 0, "expanding", "expanding", DONE, 1),
    Scenario(
        *("a fifth of a processor", on_a_small_machine, 0, "v4", "v4"),
        says=DONE,
        switches=1,
    ),
    Scenario(
        *("--rollback", rolled_back, 0, EARLIER, EARLIER),
        says=DONE,
        switches=1,
        after=("v2", "expanding"),
    ),
    Scenario(
        *("two bad releases", rolled_back_twice, 0, "v3", "v3"),
        says=(
            "rolling back from wrong-too to wrong",
            "rolling back from wrong to v3",
            "wrong-too is bad since",
            *DONE,
        ),
        switches=2,
        after=("v3", "wrong", "wrong-too"),
    ),
    Scenario(
        *("its own deploy.sh", own_deploy, 0, "own-deploy", "own-deploy"),
        says=(OWN_WORDS, *DONE),
        switches=1,
    ),
    Scenario(
        *("its own docker-compose.yml", own_compose, 0, "own-compose", "own-compose"),
        says=DONE,
        switches=1,
    ),
    Scenario(
        *("back to other scripts", rolled_back, 0, EARLIER, EARLIER),
        says=(OWN_WORDS, *DONE),
        switches=1,
        after=("own-deploy", "own-compose"),
    ),
    Scenario("services: cache, proxy", services_updated, 0, UNCHANGED, UNCHANGED, DONE),
    Scenario(
        *("services: database", database_updated, 0, UNCHANGED, UNCHANGED),
        says=("the database was away for ", *DONE),
        may_fail=AWAY,
    ),
    Scenario("host restart", restarted, 0, UNCHANGED, UNCHANGED, may_fail=OFF),
    Scenario(
        *("control: down && up", down_and_up, 0, "own-compose", UNCHANGED),
        after=("own-compose", "own-deploy"),
        may_fail=CONTROL,
        must_fail=True,
    ),
]
