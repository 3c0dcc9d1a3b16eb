"""`python -m lab.mutants`: looks for mistakes in our code that no test notices.

Exits with 1 if it found one.
"""

import os
import random
import sys
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import pytest

from lab.harness.arguments import Parser, interrupt_on_signals, positive
from lab.mutants import chosen, results, trial
from lab.mutants.mutations import Mutant, mutants_of
from lab.mutants.tree import Tree

FOLDER = Path("build/mutants").resolve()
SOURCES = (
    *("caching/**/*.py", "ci/**/*.py", "*/services.py", "*/selectors.py"),
    *("books/queries.py", "common/queries.py", "books/pages.py", "users/access.py"),
)
# pytest captures what is printed.
ERR = os.fdopen(os.dup(2), "w")
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


class Run:
    """Tries mutants, one after the other."""

    def __init__(self, options) -> None:
        self.tree, self.kept = ready(options)
        self.which = chosen.load(self.tree, FOLDER)
        self.options = options
        self.todo = self._todo()

    def _todo(self) -> list[Mutant]:
        drawn = [(each, self._diff(each)) for each in draw(self.options)]
        return [each for each, diff in drawn if not self.kept.has(each, diff)]

    def _diff(self, mutant: Mutant) -> str:
        return mutant.diff((self.tree.folder / mutant.path).read_bytes())

    def all(self) -> list[results.Result]:
        """Try all; return what came of those and of earlier ones."""
        tests = {each.partition("::")[0] for each in self.which.seconds}
        forks = trial.Forks(self.tree.folder, self.each)
        if self.todo:
            self.tree.restore_database()
            with self.tree.entered():
                pytest.main([*trial.OPTIONS, *sorted(tests)], plugins=[forks])
        return results.explain(self.kept.results)

    def each(self, forks: trial.Forks) -> None:
        """Try those that are left, and say which no test noticed."""
        # Those in functions first: they are quick.
        todo = sorted(self.todo, key=lambda mutant: not mutant.in_function)
        for number, mutant in enumerate(todo, 1):
            diff = self._diff(mutant)
            result = self.kept.add(mutant, diff, self.attempt(forks, mutant))
            print(f"{number}/{len(todo)} {result.path}:{result.line}", file=ERR)
            if result.unnoticed:
                print(f"{result.result}\n{diff}", file=ERR, flush=True)

    def attempt(self, forks: trial.Forks, mutant: Mutant) -> trial.Outcome:
        """Run the tests on one mutant."""
        tests = self.which.tests_of(mutant.path, mutant.line, self.options.budget)
        seconds = sum(map(self.which.seconds.__getitem__, tests))
        timeout, file = START + PATIENCE * seconds, self.tree.folder / mutant.path
        source = mutant.apply(file.read_bytes())
        self.tree.restore_database()
        with self.tree.changed(mutant.path, source):
            if mutant.in_function:
                return forks.run(file, source, tests, timeout)
            return trial.run_anew(self.tree.folder, tests, timeout)


def main(given):
    """Run, report, and return the exit code."""
    options = arguments(given)
    found = Run(options).all()
    (FOLDER / "report.json").write_text(results.document(found, vars(options)))
    (FOLDER / "report.md").write_text(results.text(found), encoding="utf-8")
    print(results.text(found).split("\n\n")[1])
    print(f"Wrote {FOLDER}/report.md and report.json.")
    return int(any(each.unnoticed for each in found))


if __name__ == "__main__":
    interrupt_on_signals()
    sys.exit(main(sys.argv[1:]))
