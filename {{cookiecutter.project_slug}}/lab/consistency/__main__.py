"""`python -m lab.consistency`: looks for stale reads while servers fail.

Exits with 1 if it found one.
"""

import math
import os
import sys

from tqdm import tqdm

from lab.consistency import report, running, stampede
from lab.consistency.environment import new_environment
from lab.consistency.faults import PHASES
from lab.consistency.runner import Runner
from lab.harness.arguments import Parser, interrupt_on_signals, new_file, positive
from tests.servers import Unavailable

ROUNDS = 5
SEED_STRATEGY = {"CONSISTENCY_URLS": "lab.consistency.seed_strategy"}


def arguments(given):
    """Return the parsed arguments."""
    parser = Parser("consistency", "lab.consistency", __doc__)
    parser.add_argument(
        "--reads", type=positive, default=200_000, help="in all (default: 200000)"
    )
    parser.add_argument(
        "--seconds", type=positive, help="stop after this time, with fewer reads, too"
    )
    parser.add_argument(
        "--seed-strategy",
        action="store_true",
        help="test the usual strategy instead, which has stale reads",
    )
    parser.add_argument(
        "--address",
        help="test an API that runs already, until Ctrl-C at the latest, such as "
        "https://api.example.com/api/v1; the variable API_TOKEN holds a librarian's "
        "access token",
    )
    parser.add_argument("--report", type=new_file, help="write what was found, as JSON")
    options = parser.parse_args(given)
    if options.address and "API_TOKEN" not in os.environ:
        parser.error("--address needs a librarian's access token in API_TOKEN")
    return options


def run(options, environment, outcomes, rounds):
    """Run all phases, then the stampede; add to the two lists what comes out."""
    seed = options.seed_strategy
    variables = SEED_STRATEGY if seed else {}
    runner = Runner(environment, allows_pending=not seed, **variables)
    runner.outcomes = outcomes
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
            runner.run(phase, until)
    rounds += stampede.run(environment, ROUNDS, **variables)


def _show(bar, outcomes):
    bar.set_postfix(stale=sum(len(o.stale) for o in outcomes), refresh=False)
    reads = sum(outcome.counts["reads"] for outcome in outcomes)
    bar.update(reads - bar.n)
    return reads


def main(given):
    """Run the test, print what was found, and return the exit code."""
    options, outcomes, rounds, interrupted = arguments(given), [], [], False
    more = {}
    try:
        if options.address:
            wanted = options.reads, options.seconds
            tested = running.run(options.address, os.environ["API_TOKEN"], *wanted)
            outcomes, more = [tested[0]], {"servers": tested[1]}
        else:
            with new_environment() as environment:
                run(options, environment, outcomes, rounds)
    except (Unavailable, RuntimeError, TimeoutError) as problem:
        sys.exit(f"consistency: {problem}")
    except KeyboardInterrupt:
        interrupted = True
    if outcomes:
        print(report.table(outcomes), report.verdict(outcomes), sep="\n\n")
    if rounds:
        print(report.stampede(rounds))
    if options.report:
        more |= {"seed_strategy": options.seed_strategy, "interrupted": interrupted}
        text = report.document(outcomes, rounds, **more)
        options.report.write_text(text, encoding="utf-8")
        print(f"Wrote {options.report}.")
    if interrupted:
        print("Interrupted: these are the results up to that point.")
    return int(interrupted or not report.is_clean(outcomes))


if __name__ == "__main__":
    interrupt_on_signals()
    sys.exit(main(sys.argv[1:]))
