"""`python -m lab.monitoring`: proves the dashboards and alerts with a real Prometheus.

Exits with 1 if a query gives nothing, or a number that is not the load's own. With
--watch it proves nothing: it runs Prometheus beside APIs that run already.
"""

import contextlib
import sys
import tempfile
import threading
from argparse import ArgumentTypeError
from pathlib import Path

from lab.harness.arguments import Parser, interrupt_on_signals, positive
from lab.monitoring import checks, environment, faults, pictures
from lab.monitoring.environment import LIBRARIAN, Environment
from lab.monitoring.load import Load
from lab.monitoring.prometheus import Prometheus, named_in, running
from tests.servers import Unavailable
from tools.polling import wait_until
from tools.ports import is_free

ROUNDS = 4


def main(given: list[str]) -> int:
    """Run it; return the exit code."""
    parser = _parser()
    options = parser.parse_args(given)
    interrupt_on_signals()
    try:
        if options.watch:
            return watch(options.watch, options.port)
        if options.address:
            return draw(options.address, options.pictures or Path("build"))
        problems = _proved(options.pictures)
    except Unavailable as reason:
        parser.error(str(reason))
    for problem in problems:
        print(f"WRONG: {problem}")
    return int(bool(problems))


def _parser() -> Parser:
    parser = Parser("monitoring", "lab.monitoring", __doc__)
    parser.add_argument("--pictures", type=Path, help="draw the dashboards there")
    parser.add_argument(
        "--watch",
        type=_file,
        metavar="FILE",
        help="run Prometheus for the APIs that a file names, until Ctrl-C, such as "
        '[{"targets": ["localhost:8000"]}]',
    )
    parser.add_argument(
        "--port", type=positive, default=9091, help="where it listens (default: 9091)"
    )
    parser.add_argument(
        "--address",
        help="draw what this Prometheus has seen in the last hour, such as "
        "http://localhost:9091; into build/ without --pictures",
    )
    return parser


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ArgumentTypeError(f"no file {text}")
    return Path(text)


def watch(targets: Path, port: int) -> int:
    """Run Prometheus beside the APIs that the file names, until Ctrl-C.

    Raises Unavailable if there is no program, or the port is taken.
    """
    if not is_free(port):
        raise Unavailable(f"port {port} is taken: choose another with --port")
    with (
        contextlib.suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="library-") as folder,
        running(Path(folder), named_in(targets), port) as prometheus,
    ):
        print(f"{prometheus.address} scrapes each second what {targets} names.")
        threading.Event().wait()
    return 0


def draw(address: str, folder: Path) -> int:
    """Draw what the Prometheus at `address` has seen. Raises Unavailable."""
    try:
        [file] = pictures.draw(Prometheus(address), folder, [pictures.FAULTS])
    except (ValueError, OSError) as reason:
        raise Unavailable(f"no Prometheus at {address}: {reason}") from reason
    print(file)
    return 0


def _proved(folder: Path | None) -> list[str]:
    with (
        tempfile.TemporaryDirectory(prefix="library-") as scratch,
        environment.start(Path(scratch)) as env,
    ):
        problems = prove(env)
        if folder:
            pictures.draw(env.prometheus, folder)
    return problems


def prove(env: Environment) -> list[str]:
    """Play the load and the faults; print what is right, return what is wrong."""
    load = Load(env.address)
    usual(env, load)
    alerts = ["CertificateExpires", *faults.stampede(env, load)]
    alerts += faults.database_away(env, load)
    usual(env, load)
    alerts += faults.redis_away(env, load)
    scraped(env)
    number, problems = checks.every_query(env.prometheus)
    agreed = checks.agreement(env.prometheus, load)
    for what, counted, _ in agreed:
        print(f"{what}: {counted}")
    problems += checks.unnoticed(env.prometheus) + [
        f"{what}: the load counted {counted}, Prometheus says {shown}"
        for what, counted, shown in agreed
        if counted != shown
    ]
    alerts += faults.neglected(env) + faults.stopped(env)
    for alert in alerts:
        faults.until_fired(env.prometheus, alert)
    untried = faults.not_tried(env)
    never = set(env.prometheus.rules()) - {*alerts, *untried}
    problems += [f"no fault makes {alert} fire" for alert in sorted(never)]
    print(f"{number} queries gave numbers, {len(agreed)} counts compared.")
    print(f"Fired: {', '.join(alerts)}.")
    for alert, why in untried.items():
        print(f"Not tried: {alert}, because {why}.")
    return problems


def usual(env: Environment, load: Load) -> None:
    """Read, write, borrow and fail for some scrapes; return when they have seen it."""
    if not load.tokens:
        load.log_in("librarian", **LIBRARIAN)
        load.log_in("reader", **load.sign_up("reader"))
    for _ in range(ROUNDS):
        load.read(3)
        load.write()
        load.borrow()
        load.err()
        scraped(env)


def scraped(env: Environment) -> None:
    """Return when Prometheus has scraped the API once more, from beginning to end."""
    before = env.prometheus.scrapes("api")
    wait_until(lambda: env.prometheus.scrapes("api") > before + 1, "two scrapes")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
