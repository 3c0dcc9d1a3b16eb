"""Where other strategies are better than this project's, beyond its promises."""

from functools import partial
from typing import NamedTuple

from lab.benchmarks import targets
from lab.benchmarks.ladder import LADDER

LESS, MORE = -1, 1
# (question, figure, its name in the report, which direction is better)
FIGURES = (
    ("hits", "p50_baselines", "a hit, × baseline", LESS),
    ("misses", "p50_baselines", "a miss, × baseline", LESS),
    ("throughput", "baseline_share", "hits a second, × baseline", MORE),
    ("writes", "write_baselines", "a write, × one without a cache", LESS),
    ("writes", "blocked_ms", "ms that others wait for a write", LESS),
    ("crowd", "last_ms", "ms until all of a crowd have the answer", LESS),
    ("mixed", "per_second", "mixed requests a second", MORE),
    ("mixed", "hit_ratio", "share of hits", MORE),
    ("memory", "bytes_each", "bytes in Redis for an answer", LESS),
)


class Ahead(NamedTuple):
    """A figure in which others are better: this project's, and {strategy: theirs}."""

    figure: str
    case: dict
    ours: float
    theirs: dict


def ahead(results):
    """Return an Ahead for each figure and case in which another strategy is better.

    Better means that the middle halves of the rounds do not overlap. A smaller
    difference varies from run to run.
    """
    found = []
    for question, figure, called, better in FIGURES:
        for case in _cases(results, question):
            middle = partial(results.middle, figure, question, **case)
            ours = middle("ours")
            names = [name for name in results.strategies(question) if name in LADDER]
            leaders = [
                name for name in names if ours and _is_ahead(middle(name), ours, better)
            ]
            if leaders:
                medians = {
                    name: results.median(figure, question, name, **case)
                    for name in ["ours", *leaders]
                }
                found.append(Ahead(called, case, medians.pop("ours"), medians))
    return found


def is_stale(results, strategy):
    """Return whether a strategy served stale answers."""
    return targets.total(results, "stale", strategy, *targets.STALE) > 0


def grown(results):
    """Return {page: {what is kept: how many times slower it gets at worst}}.

    Measured from 10,000 books on. There is a promise for one of the pages only.
    """
    found = {
        page: {
            kept: factor[0]
            for kept in results.values("growth", "kept")
            if (factor := targets.growth(results, page, kept))
        }
        for page in results.values("growth", "page")
    }
    return {page: factors for page, factors in found.items() if factors}


def _is_ahead(theirs, ours, better):
    if not theirs:
        return False
    return theirs[1] < ours[0] if better == LESS else theirs[0] > ours[1]


def _cases(results, question):
    cases = []
    for record in results.find(question, "ours"):
        if record.case not in cases:
            cases.append(record.case)
    return cases
