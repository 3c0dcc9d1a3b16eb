"""`python -m lab.consistency`: hunts for stale answers, phase by phase.

Exits with 1 if it found one.
"""

import math
import sys

from tqdm import tqdm

from lab.consistency import report, stampede
from lab.consistency.environment import ground
from lab.consistency.faults import PHASES
from lab.consistency.runner import Chase, Failed
from lab.harness.arguments import Parser, interrupt_on_signals, new_file, positive
from tests.servers import Unavailable

ROUNDS = 5
SEEDS_URLS = "lab.consistency.seed_strategy"


def arguments(given):
    """Return the parsed arguments."""
    parser = Parser("hunt", "lab.consistency", __doc__)
    parser.add_argument(
        "--reads", type=positive, default=200_000, help="in all (default: 200000)"
    )
    parser.add_argument(
        "--seconds", type=positive, help="stop after this time, whatever was read"
    )
    parser.add_argument(
        "--seed-strategy",
        action="store_true",
        help="hunt in the usual strategy instead: it finds stale reads there",
    )
    parser.add_argument("--report", type=new_file, help="write what was found, as JSON")
    return parser.parse_args(given)


def hunt(options, place, outcomes, rounds):
    """Go through all phases, then send the fifty readers; fill the two lists."""
    variables = {"HUNT_URLS": SEEDS_URLS} if options.seed_strategy else {}
    chase = Chase(place, admits=not options.seed_strategy, **variables)
    chase.outcomes = outcomes
    seconds = (options.seconds or math.inf) / len(PHASES)
    # disable=None: tqdm draws on a terminal only.
    with tqdm(total=options.reads, unit=" reads", disable=None) as bar:
        for number, phase in enumerate(PHASES, 1):
            share = options.reads * number // len(PHASES)

            def until(outcome, elapsed, share=share):
                reads = _show(bar, outcomes)
                return reads >= share or elapsed >= seconds

            bar.set_description(phase.name.ljust(17))
            if bar.disable:
                print(f"{number} of {len(PHASES)}: {phase.name} ...", file=sys.stderr)
            chase.run(phase, until)
    rounds += stampede.fly(place, ROUNDS, **variables)


def _show(bar, outcomes):
    bar.set_postfix(stale=sum(len(o.stale) for o in outcomes), refresh=False)
    reads = sum(outcome.counts["reads"] for outcome in outcomes)
    bar.update(reads - bar.n)
    return reads


def main(given):
    """Hunt, print what was found, and return the exit code."""
    options, outcomes, rounds, interrupted = arguments(given), [], [], False
    try:
        with ground() as place:
            hunt(options, place, outcomes, rounds)
    except (Unavailable, Failed, RuntimeError, TimeoutError) as problem:
        sys.exit(f"hunt: {problem}")
    except KeyboardInterrupt:
        interrupted = True
    if outcomes:
        print(report.table(outcomes), report.verdict(outcomes), sep="\n\n")
    if rounds:
        print(report.flight(rounds))
    if options.report:
        more = {"seed_strategy": options.seed_strategy, "interrupted": interrupted}
        text = report.document(outcomes, rounds, **more)
        options.report.write_text(text, encoding="utf-8")
        print(f"Wrote {options.report}.")
    if interrupted:
        print("Interrupted: this is what was measured until then.")
    return int(interrupted or not report.is_clean(outcomes))


if __name__ == "__main__":
    interrupt_on_signals()
    sys.exit(main(sys.argv[1:]))
