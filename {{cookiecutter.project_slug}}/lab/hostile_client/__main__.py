"""`python -m lab.hostile_client`: looks for requests that change others' answers.

Exits with 1 if it found one.
"""

import argparse
import contextlib
import math
import sys
import time
from pathlib import Path
from subprocess import SubprocessError

from tqdm import tqdm

from lab.harness.arguments import (
    Parser,
    interrupt_on_signals,
    new_file,
    positive,
    some_of,
)
from lab.hostile_client import report
from lab.hostile_client.environment import STORES, own_site, running_site
from lab.hostile_client.runner import Runner
from tests.servers import Unavailable

PROBLEMS = (Unavailable, RuntimeError, OSError, SubprocessError)


def arguments(given):
    """Return the parsed arguments."""
    parser = Parser("hostile", "lab.hostile_client", __doc__)
    add = parser.add_argument
    add("--mutations", type=positive, default=100_000, help="in all (default: 100000)")
    add("--seconds", type=positive, help="stop after this time, with fewer, too")
    add("--seed", type=positive, default=1, help="of what is drawn (default: 1)")
    add("--stores", type=some_of(STORES), default=list(STORES), metavar="A,B")
    add("--url", help="a server that runs already, instead: http://HOST:PORT")
    add("--librarian", type=credentials, help="EMAIL:PASSWORD there")
    add("--reader", type=credentials, help="EMAIL:PASSWORD there")
    add("--report", type=new_file, help="write what was found, as JSON, and beside it")
    options = parser.parse_args(given)
    if options.url and not (options.librarian and options.reader):
        parser.error("--url needs --librarian and --reader, each EMAIL:PASSWORD")
    return options


def credentials(text: str) -> str:
    """Return an EMAIL:PASSWORD. Raises ArgumentTypeError."""
    if not all(text.partition(":")):
        raise argparse.ArgumentTypeError(f"{text!r} given; accepted: EMAIL:PASSWORD")
    return text


def sites(options):
    """Return the context managers of the sites to attack."""
    if options.url:
        return [running_site(options.url, options.librarian, options.reader)]
    return [own_site(stores) for stores in options.stores]


def attack(site, options, share, runners):
    """Send this site's share of the mutations; add its Runner to the list."""
    runner = Runner(site, options.seed)
    runners.append(runner)
    ends = time.monotonic() + (options.seconds or math.inf) * share
    most = math.ceil(options.mutations * share)
    # disable=None: tqdm draws on a terminal only.
    with tqdm(total=most, unit=" mutations", desc=site.name, disable=None) as bar:

        def until(counts):
            bar.update(counts.mutations - bar.n)
            return counts.mutations >= most or time.monotonic() >= ends

        with contextlib.closing(runner):
            runner.run(until)


def write(options, runners, interrupted):
    """Write the report, as JSON and as Markdown."""
    text = report.document(runners, options.seed, interrupted=interrupted)
    options.report.write_text(text, encoding="utf-8")
    page: Path = options.report.with_suffix(".md")
    page.write_text(report.markdown(runners, options.seed), encoding="utf-8")
    print(f"Wrote {options.report} and {page}.")


def main(given):
    """Run it, print what was found, and return the exit code."""
    options, runners, interrupted = arguments(given), [], False
    try:
        chosen = sites(options)
        for entered in chosen:
            with entered as site:
                attack(site, options, 1 / len(chosen), runners)
    except PROBLEMS as problem:
        sys.exit(f"hostile: {problem}")
    except KeyboardInterrupt:
        interrupted = True
    print(report.markdown(runners, options.seed))
    if options.report:
        write(options, runners, interrupted)
    if interrupted:
        print("Interrupted: these are the results up to that point.")
    return int(interrupted or any(runner.faults for runner in runners))


if __name__ == "__main__":
    interrupt_on_signals()
    sys.exit(main(sys.argv[1:]))
