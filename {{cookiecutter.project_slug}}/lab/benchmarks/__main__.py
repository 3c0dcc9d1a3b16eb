"""`python -m lab.benchmarks`: measures, and writes the results.

After Ctrl-C or an error the results up to that point are kept. Each size has a folder
of its own, with the last complete run before this one in previous.json.
"""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import redis

from lab.benchmarks import machine, plots, report
from lab.benchmarks.client import WrongAnswer
from lab.benchmarks.environment import new_environment
from lab.benchmarks.ladder import LADDER, available
from lab.benchmarks.measure import API, check_equal, check_guarded
from lab.benchmarks.plan import PLANS
from lab.benchmarks.questions import QUESTIONS
from lab.benchmarks.results import Results
from lab.harness.arguments import Parser, interrupt_on_signals, some_of
from tests.servers import Unavailable

FOLDER = Path("build/bench")
DATA, PREVIOUS = "results.json", "previous.json"
REPORT, SUMMARY = "report.md", "summary.json"
CHECKED = ["page=2", "title=river", "tag=1&tag=2&tag_option=or&order_by=title"]

# Problems with the servers, whichever library raises them.
PROBLEMS = (Unavailable, WrongAnswer, RuntimeError, OSError, subprocess.SubprocessError)
PROBLEMS += (psycopg.Error, redis.RedisError)


def arguments(given):
    """Return the parsed arguments."""
    parser = Parser("bench", "lab.benchmarks", __doc__)
    parser.add_argument("--size", choices=PLANS, default="quick")
    parser.add_argument(
        "--questions", type=some_of(QUESTIONS), default=list(QUESTIONS), metavar="A,B"
    )
    parser.add_argument(
        "--strategies", type=some_of(LADDER), default=list(LADDER), metavar="A,B"
    )
    parser.add_argument("--out", type=Path, help=f"default: {FOLDER}/SIZE")
    parser.add_argument(
        "--plot",
        action="store_true",
        help="write report and plots again, measure nothing",
    )
    options = parser.parse_args(given)
    options.out = options.out or FOLDER / options.size
    return options


def measure(options, results):
    """Measure what each question asks; add it to the results."""
    plan = PLANS[options.size]
    names = [name for name in options.strategies if name in available()]
    for name in set(options.strategies) - set(names):
        print(f"Left out: {name} is not installed (make bench does).", file=sys.stderr)
    before = machine.load()
    with contextlib.ExitStack() as stack:
        with timed(results, "starting"):
            environment = stack.enter_context(new_environment())
            results.machine |= machine.describe(environment) | {"load before": before}
            servers = environment.serve_all(names)
            check(servers.values(), plan, results)
        for name in options.questions:
            with timed(results, name):
                QUESTIONS[name].ask(servers, plan, results, environment)
    results.machine["load after"] = machine.load()


def check(servers, plan, results):
    """Raise WrongAnswer if answers differ, or one is given without a token."""
    queries = [f"page_size={size}" for size in plan.page_sizes]
    queries += [f"{query}&page_size=20" for query in CHECKED]
    paths = [f"{API}?{query}" for query in queries]
    check_equal(servers, paths)
    check_guarded(servers, paths[0])
    results.machine["answers checked equal"] = len(paths)


@contextlib.contextmanager
def timed(results, name):
    """Add to the results how many seconds the block took, even if it fails."""
    start = time.monotonic()
    try:
        yield
    finally:
        results.seconds[name] = round(time.monotonic() - start, 1)


def write(results, folder):
    """Write the report and the plots into the folder, and print the promises."""
    drawn = plots.draw(results, folder)
    (folder / REPORT).write_text(report.render(results, drawn), encoding="utf-8")
    (folder / SUMMARY).write_text(report.summary(results), encoding="utf-8")
    print(report.targets_table(results))
    print(f"\nWrote {folder / REPORT} and {len(drawn)} plots beside it.")


def load(path):
    """Return the Results in a file; exit with one line if there are none."""
    try:
        return Results.load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        sys.exit(f"bench: {path} can't be read ({problem}); next: make bench")


@contextlib.contextmanager
def kept(results, folder):
    """Write the results into the folder after the block, even if it fails.

    A problem with the servers is printed in one line; any other error is raised again.
    """
    try:
        yield
    except KeyboardInterrupt:
        results.interrupted = "it was stopped"
    except PROBLEMS as problem:
        [results.interrupted, *_] = [*str(problem).splitlines(), type(problem).__name__]
    except BaseException as error:
        results.interrupted = f"{type(error).__name__}: {error}"
        raise
    finally:
        if results.interrupted:
            print(f"bench: {results.interrupted}", file=sys.stderr)
        if results.records:
            keep(results, folder)


def keep(results, folder):
    """Write the results into the folder; keep those of the last complete run."""
    data = folder / DATA
    if is_whole(data):
        data.replace(folder / PREVIOUS)
    data.write_text(results.dump(), encoding="utf-8")
    write(results, folder)


def is_whole(path):
    """Return whether a file has the results of a complete run."""
    try:
        return not Results.load(path.read_text(encoding="utf-8")).interrupted
    except (OSError, ValueError):
        return False


def main(given):
    """Measure, or load earlier results; write the report; return the exit code."""
    options = arguments(given)
    if options.plot:
        write(load(options.out / DATA), options.out)
        return 0
    results = Results(size=options.size)
    options.out.mkdir(parents=True, exist_ok=True)
    with kept(results, options.out):
        measure(options, results)
    return int(bool(results.interrupted))


if __name__ == "__main__":
    interrupt_on_signals()
    sys.exit(main(sys.argv[1:]))
