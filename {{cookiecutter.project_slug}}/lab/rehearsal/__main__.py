"""Runs the rehearsal: `python -m lab.rehearsal` (`make rehearse`)."""

import secrets
import sys
import tempfile
import time
from pathlib import Path

from lab.harness.arguments import Parser, interrupt_on_signals
from lab.rehearsal import PROJECT, releases, report
from lab.rehearsal.docker import (
    RehearsalError,
    docker,
    ensure_image,
    remove_all,
    require_tools,
)
from lab.rehearsal.enemy.scenes import SCENES
from lab.rehearsal.enemy.siege import Siege
from lab.rehearsal.host import IMAGES_ON_SERVER, Host
from lab.rehearsal.hosts.fleet import Fleet
from lab.rehearsal.hosts.scenes import SCENES as HOSTS_SCENES
from lab.rehearsal.hosts.scenes import HostsStage
from lab.rehearsal.operations import OPERATIONS
from lab.rehearsal.scenarios import SCENARIOS
from lab.rehearsal.stage import Stage

BASES = ("debian:trixie-slim", "python:3.13-slim", *IMAGES_ON_SERVER)

SETTINGS = {"AWS_REGION": "here", "BACKUP_BUCKET": "backups"}
# All of the load comes from one address, and logs in to one account.
MANY_LOGINS = {"THROTTLE_LOGIN": "1000/min", "THROTTLE_ACCOUNT": "1000/min"}
# Not by default: the page costs each request a round trip to Redis.
WATCHED = {"CACHE_PAGE": "on"}


def _say(text):
    print(f"{time.strftime('%T')}  {text}", flush=True)


def _arguments():
    parser = Parser("rehearsal", "lab.rehearsal", __doc__)
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="play only the scenarios whose name holds NAME (may be repeated); "
        "`enemy` names those in which somebody attacks the API, `hosts` those with "
        "more than one host",
    )
    parser.add_argument(
        "--report",
        default=PROJECT / "build" / "rehearsal",
        metavar="FOLDER",
        help="where the tables and the pictures go (default: build/rehearsal)",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="the server has the page /cache, at an address that is printed",
    )
    options = parser.parse_args()
    options.scenarios = _chosen(SCENARIOS + OPERATIONS, options.only)
    options.scenes = _chosen(SCENES, options.only)
    options.hosts = _chosen(HOSTS_SCENES, options.only)
    if not options.scenarios + options.scenes + options.hosts:
        known = SCENARIOS + OPERATIONS + SCENES + HOSTS_SCENES
        names = ", ".join(each.name for each in known)
        parser.error(f"--only {options.only} names no scenario; there are: {names}")
    return options


def _chosen(scenarios, words):
    if not words:
        return scenarios
    return [each for each in scenarios if any(word in each.name for word in words)]


def rehearse(host, options):
    """Play what was chosen on a started host; return the number of problems."""
    settings = SETTINGS | {"REGISTRY": host.repository}
    watched = WATCHED if options.watch else {}
    host.install(PROJECT, settings | MANY_LOGINS | watched)
    if options.watch:
        _say(f"the cache at work, once v1 serves: {host.url}/cache")
    stage = Stage(host, _say)
    siege = Siege(stage, settings)
    _say("building release v1")
    releases.build(host, "v1")
    if options.scenarios:
        releases.build_all(host, _say)
        play(stage, options.scenarios)
    if options.scenes:
        play(siege, options.scenes)
    facts = _facts(host, stage)
    report.write(options.report, stage, siege, facts)
    print(f"\n{report.tables(stage.outcomes, siege.outcomes)}\n")
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"Tables and pictures: {options.report}")
    outcomes = stage.outcomes + siege.outcomes
    return sum(len(outcome.problems) for outcome in outcomes)


def play(stage, scenarios):
    """Play scenarios on a Stage or a Siege, which is opened and closed."""
    try:
        stage.open()
        for each in scenarios:
            stage.play(each)
    finally:
        stage.close()


def _facts(host, stage):
    size = docker("image", "inspect", "--format", "{{.Size}}", f"{host.repository}:v1")
    facts = {"image size in MB": round(int(size) / 1e6)}
    if stage.peak:
        facts["memory of the server at its peak in MiB"] = round(stage.peak / 1024**2)
    return facts


def on_a_server(run_id, options):
    """Rehearse on a server; return the number of problems."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        host = Host(run_id, folder)
        _say(f"starting the throw-away server {host.name}")
        host.start()
        return rehearse(host, options)


def on_hosts(run_id, options):
    """Rehearse on several hosts; return the number of problems."""
    folder = Path(options.report)
    folder.mkdir(parents=True, exist_ok=True)
    stage = HostsStage(Fleet(run_id), folder, _say)
    _say(f"starting the throw-away hosts {stage.fleet.name}")
    play(stage, options.hosts)
    print(f"\n{report.write_hosts(folder, stage.outcomes)}\n")
    return sum(len(outcome.problems) for outcome in stage.outcomes)


def everything(options):
    """Rehearse what was chosen, remove what was made; return the problems' number."""
    run_id, problems = secrets.token_hex(4), 0
    try:
        if options.scenarios + options.scenes:
            problems += on_a_server(run_id, options)
        if options.hosts:
            problems += on_hosts(run_id, options)
        return problems
    finally:
        _say("removing everything that was made")
        remove_all(run_id)


def main():
    """Rehearse; exit with one line if there were problems or it could not go on."""
    options = _arguments()
    interrupt_on_signals()
    try:
        require_tools()
        for image in BASES:
            ensure_image(image)
        problems = everything(options)
    except (RehearsalError, TimeoutError) as error:
        sys.exit(f"The rehearsal stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("The rehearsal was interrupted.")
    if problems:
        sys.exit(f"{problems} problems (see PROBLEM above)")


if __name__ == "__main__":
    main()
