"""Where others are ahead of this project: what it promises is not all there is."""

from functools import partial
from typing import NamedTuple

from lab.benchmarks import targets
from lab.benchmarks.ladder import LADDER

LESS, MORE = -1, 1
# (question, figure, what it is called, which way is better)
FIGURES = (
    ("hits", "p50_floors", "a hit, in floors", LESS),
    ("misses", "p50_floors", "a miss, in floors", LESS),
    ("throughput", "floor_share", "hits a second, by the floor's", MORE),
    ("writes", "write_floors", "a write, by one without a cache", LESS),
    ("writes", "blocked_ms", "ms that others wait for a write", LESS),
    ("crowd", "last_ms", "ms until all of a crowd have the answer", LESS),
    ("mixed", "per_second", "mixed requests a second", MORE),
    ("mixed", "hit_ratio", "share of hits", MORE),
    ("memory", "bytes_each", "bytes in Redis for an answer", LESS),
)


class Ahead(NamedTuple):
    """A figure in which others do better: theirs by name, and this project's."""

    figure: str
    case: dict
    ours: float
    theirs: dict


def ahead(results):
    """Return an Ahead for each figure and case in which anybody is.

    That is: the middle halves of the rounds do not overlap. Less differs from run to
    run.
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
    """Return whether a strategy was seen to answer with what was no longer so."""
    return targets.total(results, "stale", strategy, *targets.STALE) > 0


def grown(results):
    """Return {page: {what is kept: how many times slower it gets at worst}}.

    From 10,000 books on. It is promised for one of them only: that has its limits.
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
