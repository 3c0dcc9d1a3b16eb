"""`python -m lab.model_checker`: search the protocol, then each way to break it.

`python -m lab.model_checker flush` searches one rung of the ladder that leads to it, or
the last rung with one thing left out.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from lab.harness.arguments import Parser, one_of
from lab.model_checker.broken import BROKEN, BROKEN_SELECTIONS
from lab.model_checker.ladder import SEARCHED, found_on
from lab.model_checker.search import explore
from lab.model_checker.state import SCENARIOS
from lab.model_checker.timeline import draw
from lab.model_checker.world import World


def report_protocol():
    """Print the result of each scenario; return how many have a stale answer."""
    print("The protocol: two writers; two readers, who read twice each; crashes,")
    print("rollbacks and expiries anywhere, and one loss of one key or of all.\n")
    stale = 0
    for scenario in SCENARIOS:
        print(f"{scenario.name}:", end=" ", flush=True)
        stale += report(explore(World(scenario)))
    return stale


def report_broken():
    """Print the shortest trace to a stale answer in each; return how many have none."""
    print("\nWith one thing left out, the shortest trace to a stale answer:")
    safe = 0
    broken = {name: (world, SCENARIOS[0]) for name, world in BROKEN.items()}
    for name, (world, scenario) in (broken | BROKEN_SELECTIONS).items():
        found = explore(world(scenario))
        safe += not found.trace
        print(f"\n{name}\n")
        print(*draw(found.trace), sep="\n")
    return safe


def report_rung(name):
    """Print the result of one rung of the ladder."""
    print(f"{SEARCHED[name][0]}:", end=" ", flush=True)
    report(found_on(name))


def report(found):
    """Print the Findings; return whether there was a stale answer."""
    print("STALE" if found.trace else "no stale answer", end="")
    print(f" in {found.states:,} states", end="")
    # The search stops at the first one, before it has counted the orders.
    print("" if found.trace else f", {found.schedules:,} schedules")
    print(*("", *draw(found.trace)), sep="\n")
    return bool(found.trace)


def main(names):
    """Report the rungs of these names; without names, the protocol and broken ones."""
    if not names:
        return bool(report_protocol() + report_broken())
    for name in names:
        report_rung(name)
    return False


if __name__ == "__main__":
    parser = Parser("model_checker", "lab.model_checker", __doc__)
    parser.add_argument("names", nargs="*", metavar="RUNG", type=one_of(SEARCHED))
    sys.exit(main(parser.parse_args().names))
