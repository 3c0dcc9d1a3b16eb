"""Runs the rehearsal: `python -m lab.rehearsal` (`make rehearse`)."""

import secrets
import sys
import tempfile
import time

from lab.harness.arguments import Parser, interrupt_on_signals
from lab.rehearsal import PROJECT, releases, report
from lab.rehearsal.docker import (
    RehearsalError,
    docker,
    ensure_image,
    remove_all,
    require_tools,
)
from lab.rehearsal.host import IMAGES_ON_SERVER, Host
from lab.rehearsal.scenarios import SCENARIOS
from lab.rehearsal.stage import Stage

BASES = ("debian:trixie-slim", "python:3.13-slim", *IMAGES_ON_SERVER)

# All of the load comes from one address, and logs in to one account.
SETTINGS = {
    "AWS_REGION": "here",
    "THROTTLE_LOGIN": "1000/min",
    "THROTTLE_ACCOUNT": "1000/min",
}


def _say(text):
    print(f"{time.strftime('%T')}  {text}", flush=True)


def _arguments():
    parser = Parser("rehearsal", "lab.rehearsal", __doc__)
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="play only the scenarios whose name holds NAME (may be repeated)",
    )
    parser.add_argument(
        "--report",
        default=PROJECT / "build" / "rehearsal",
        metavar="FOLDER",
        help="where the table and the timeline go (default: build/rehearsal)",
    )
    options = parser.parse_args()
    options.scenarios = [
        scenario
        for scenario in SCENARIOS
        if not options.only or any(word in scenario.name for word in options.only)
    ]
    if not options.scenarios:
        names = ", ".join(scenario.name for scenario in SCENARIOS)
        parser.error(f"--only {options.only} names no scenario; there are: {names}")
    return options


def rehearse(host, options):
    """Play the scenarios on a started host; return the number of problems."""
    releases.build_all(host, _say)
    host.install(PROJECT, SETTINGS | {"REGISTRY": host.repository})
    stage = Stage(host, _say)
    try:
        _say("first deploy")
        stage.open()
        outcomes = [stage.play(scenario) for scenario in options.scenarios]
    finally:
        stage.close()
    size = docker("image", "inspect", "--format", "{{.Size}}", f"{host.repository}:v1")
    facts = {
        "image size in MB": round(int(size) / 1e6),
        "memory of the server at its peak in MiB": round(stage.peak / 1024**2),
    }
    report.write(options.report, outcomes, stage.load.answers, facts)
    print(f"\n{report.table(outcomes)}\n")
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"Table and timeline: {options.report}")
    return sum(len(outcome.problems) for outcome in outcomes)


def on_a_server(options):
    """Rehearse on a server and remove it; return the number of problems."""
    run_id = secrets.token_hex(4)
    try:
        with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
            host = Host(run_id, folder)
            _say(f"starting the throw-away server {host.name}")
            host.start()
            return rehearse(host, options)
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
        problems = on_a_server(options)
    except (RehearsalError, TimeoutError) as error:
        sys.exit(f"The rehearsal stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("The rehearsal was interrupted.")
    if problems:
        sys.exit(f"{problems} problems (see PROBLEM above)")


if __name__ == "__main__":
    main()
