"""`python -m lab.monitoring`: proves the dashboards and alerts with a real Prometheus.

Exits with 1 if a query gives nothing, or a number that is not the load's own.
"""

import sys
import tempfile
from pathlib import Path

from lab.harness.arguments import Parser, interrupt_on_signals
from lab.monitoring import checks, environment, faults, pictures
from lab.monitoring.environment import LIBRARIAN, Environment
from lab.monitoring.load import Load
from tests.servers import Unavailable
from tools.polling import wait_until

ROUNDS = 4


def main(given: list[str]) -> int:
    """Run it; return the exit code."""
    parser = Parser("monitoring", "lab.monitoring", __doc__)
    parser.add_argument("--pictures", type=Path, help="draw the dashboards there")
    options = parser.parse_args(given)
    interrupt_on_signals()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="library-") as folder,
            environment.start(Path(folder)) as env,
        ):
            problems = prove(env)
            if options.pictures:
                pictures.draw(env.prometheus, options.pictures)
    except Unavailable as reason:
        parser.error(str(reason))
    for problem in problems:
        print(f"WRONG: {problem}")
    return int(bool(problems))


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
    alerts += faults.stopped(env)
    for alert in alerts:
        faults.until_fired(env.prometheus, alert)
    never = set(env.prometheus.rules()) - {*alerts, *faults.NOT_TRIED}
    problems += [f"no fault makes {alert} fire" for alert in sorted(never)]
    print(f"{number} queries gave numbers, {len(agreed)} counts compared.")
    print(f"Fired: {', '.join(alerts)}. Not tried: {', '.join(faults.NOT_TRIED)}.")
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
