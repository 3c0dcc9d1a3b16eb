"""`python -m lab.mutants`: looks for mistakes in our code that no test notices.

Exits with 1 if it found one.
"""

import random
import sys
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from lab.harness.arguments import Parser, interrupt_on_signals, positive
from lab.mutants import chosen, results, trial
from lab.mutants.mutations import Mutant, mutants_of
from lab.mutants.tree import Tree

FOLDER = Path("build/mutants")
SOURCES = (
    *("caching/**/*.py", "ci/**/*.py", "*/services.py", "*/selectors.py"),
    *("*/queries.py", "books/pages.py", "users/access.py"),
)
# Seconds, beside some times what the tests take without a mistake.
START, PATIENCE = 30.0, 5.0


def arguments(given):
    """Return the parsed arguments."""
    parser = Parser("mutants", "lab.mutants", __doc__)
    parser.add_argument("--sample", type=positive, help="try so many, drawn at random")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the sample (default: 1)"
    )
    parser.add_argument("--only", metavar="FILE", default="*", help="as caching/*.py")
    parser.add_argument(
        "--budget",
        type=positive,
        default=60,
        help="seconds of tests for each, the quickest first (default: 60)",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="try all; without it, what a test noticed before is not tried again",
    )
    return parser.parse_args(given)


def draw(options) -> list[Mutant]:
    """Return the mutants to try. The same seed draws the same."""
    files = sorted({str(p) for p in chain(*map(Path().glob, SOURCES))})
    every = [mutants_of(path, Path(path).read_bytes()) for path in files]
    found = [each for each in chain(*every) if fnmatch(each.path, options.only)]
    if not found:
        sys.exit(f"mutants: {options.only} given; accepted: a file in {SOURCES}")
    random.Random(options.seed).shuffle(found)
    return found[: options.sample]


def ready(options) -> tuple[Tree, results.Kept]:
    """Return the tree, with its tests measured, and the results so far."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    tree, kept = Tree(FOLDER / "tree"), results.Kept(FOLDER / "results.jsonl")
    if options.again or not tree.is_current():
        kept.forget(every=options.again)
        tree.make()
        print("Running all tests once, to see which run which lines ...")
        chosen.measure(tree, FOLDER)
        tree.keep_database()
    return tree, kept


def attempt(tree: Tree, tests: list[str], seconds: float, mutant: Mutant):
    """Run the tests on one mutant; return the outcome."""
    source = (tree.folder / mutant.path).read_bytes()
    tree.restore_database()
    with tree.changed(mutant.path, mutant.apply(source)):
        return trial.run(tree.folder, tests, START + PATIENCE * seconds)


def run(options) -> list[results.Result]:
    """Try the mutants; return what came of those and of earlier ones."""
    tree, kept = ready(options)
    which = chosen.load(tree, FOLDER)
    trial.prepare()
    for mutant in tqdm(draw(options), unit=" mutants", disable=None):
        diff = mutant.diff(Path(mutant.path).read_bytes())
        if kept.has(mutant, diff):
            continue
        tests = which.tests_of(mutant.path, mutant.line, options.budget)
        seconds = sum(map(which.seconds.__getitem__, tests))
        result = kept.add(mutant, diff, attempt(tree, tests, seconds, mutant))
        if result.unnoticed:
            tqdm.write(f"{result.path}:{result.line} {result.result}\n{diff}")
    return results.explain(kept.results)


def main(given):
    """Run, report, and return the exit code."""
    options = arguments(given)
    found = run(options)
    (FOLDER / "report.json").write_text(results.document(found, vars(options)))
    (FOLDER / "report.md").write_text(results.text(found), encoding="utf-8")
    print(results.text(found).split("\n\n")[1])
    print(f"Wrote {FOLDER}/report.md and report.json.")
    return int(any(each.unnoticed for each in found))


if __name__ == "__main__":
    interrupt_on_signals()
    sys.exit(main(sys.argv[1:]))
