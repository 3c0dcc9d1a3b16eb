"""`python -m tests.explorer`: search the protocol, then each way to break it."""

import sys

from tests.explorer.broken import BROKEN
from tests.explorer.search import explore
from tests.explorer.state import SCENARIOS
from tests.explorer.timeline import draw
from tests.explorer.world import World


def report_protocol():
    """Print what was found in each scenario; return how many have a stale answer."""
    print("The protocol: two writers; two readers, who read twice each; crashes,")
    print("rollbacks and expiries anywhere, and one loss of one key or of all.\n")
    stale = 0
    for scenario in SCENARIOS:
        print(f"{scenario.name}:", end=" ", flush=True)
        found = explore(World(scenario))
        stale += bool(found.way)
        print("STALE" if found.way else "no stale answer", end="")
        print(f" in {found.states:,} states, {found.schedules:,} schedules")
        print(*draw(found.way), sep="\n")
    return stale


def report_broken():
    """Print the shortest way to a stale answer in each; return how many have none."""
    print("\nWith one thing left out, the shortest way to a stale answer:")
    safe = 0
    for name, world in BROKEN.items():
        found = explore(world(SCENARIOS[0]))
        safe += not found.way
        print(f"\n{name}\n")
        print(*draw(found.way), sep="\n")
    return safe


if __name__ == "__main__":
    sys.exit(bool(report_protocol() + report_broken()))
