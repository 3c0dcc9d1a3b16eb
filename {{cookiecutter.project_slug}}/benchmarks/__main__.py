"""`python -m benchmarks`: asks the questions, and writes what came out.

Ctrl-C keeps what was measured until then.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import redis

from benchmarks import machine, plots, report
from benchmarks.client import Refused
from benchmarks.lab import lab
from benchmarks.ladder import LADDER, available
from benchmarks.measure import API, check_equal
from benchmarks.plan import PLANS
from benchmarks.questions import QUESTIONS
from benchmarks.results import Results
from tests.servers import Unavailable

FOLDER = Path("build/bench")
DATA, REPORT = "results.json", "report.md"
CHECKED = ["page=2", "title=river", "tag=1&tag=2&tag_option=or&order_by=title"]

# What may go wrong with the servers, whoever notices.
PROBLEMS = (Unavailable, Refused, RuntimeError, OSError, subprocess.SubprocessError)
PROBLEMS += (psycopg.Error, redis.RedisError)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits with 1."""

    def error(self, message):
        """Exit."""
        sys.exit(f"bench: {message}")


def among(accepted):
    """Return a type for argparse: names with commas between, each accepted."""

    def names(text):
        given = [name.strip() for name in text.split(",")]
        if unknown := [name for name in given if name not in accepted]:
            raise argparse.ArgumentTypeError(
                f"{unknown[0]!r} given; accepted: {', '.join(accepted)}"
            )
        return given

    return names


def arguments(given):
    """Return the parsed arguments."""
    parser = Parser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=PLANS, default="quick")
    parser.add_argument(
        "--questions", type=among(QUESTIONS), default=list(QUESTIONS), metavar="A,B"
    )
    parser.add_argument(
        "--strategies", type=among(LADDER), default=list(LADDER), metavar="A,B"
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    parser.add_argument(
        "--plot", action="store_true", help="measure nothing: report and draw again"
    )
    return parser.parse_args(given)


def measure(options, results):
    """Ask the questions; fill the results."""
    plan = PLANS[options.size]
    names = [name for name in options.strategies if name in available()]
    for name in set(options.strategies) - set(names):
        print(f"Left out: {name} is not installed (make bench does).", file=sys.stderr)
    with lab() as place:
        results.machine |= machine.describe(place)
        servers = place.serve_all(names)
        queries = [f"page_size={size}" for size in plan.page_sizes]
        queries += [f"{query}&page_size=20" for query in CHECKED]
        paths = [f"{API}?{query}" for query in queries]
        check_equal(servers.values(), paths)
        results.machine["answers checked equal"] = len(paths)
        for name in options.questions:
            start = time.monotonic()
            try:
                QUESTIONS[name].ask(servers, plan, results, place)
            finally:
                results.seconds[name] = round(time.monotonic() - start, 1)
    results.machine["load after"] = f"{os.getloadavg()[0]:.1f}"


def write(results, folder):
    """Write the report and the plots into the folder, and say so."""
    drawn = plots.draw(results, folder)
    (folder / REPORT).write_text(report.render(results, drawn), encoding="utf-8")
    print(report.targets_table(results))
    print(f"\nWrote {folder / REPORT} and {len(drawn)} plots beside it.")


def load(path):
    """Return the Results in a file; exit with one line if there are none."""
    try:
        return Results.load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        sys.exit(f"bench: {path} can't be read ({problem}); next: make bench")


def main(given):
    """Measure or load, write, and return the exit code."""
    options = arguments(given)
    data = options.out / DATA
    if options.plot:
        write(load(data), options.out)
        return 0
    results = Results(size=options.size)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        measure(options, results)
    except PROBLEMS as problem:
        first, *_ = [*str(problem).splitlines(), type(problem).__name__]
        sys.exit(f"bench: {first}")
    except KeyboardInterrupt:
        results.interrupted = True
        print("\nInterrupted: keeping what was measured until now.", file=sys.stderr)
    finally:
        if results.records:
            data.write_text(results.dump(), encoding="utf-8")
    if not results.records:
        sys.exit("bench: nothing was measured yet")
    write(results, options.out)
    return int(results.interrupted)


if __name__ == "__main__":
    # A shell may have had SIGINT ignored for what it runs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
