"""The promises of this project's cache, compared with the results."""

import itertools
from typing import NamedTuple

from lab.benchmarks.ladder import TITLES

# The questions that look for stale answers.
STALE = ("mixed", "crowd", "races")
# A library with more books than this must not be much slower.
GROWN = 10_000

# On a busy machine the times of a few writes vary by this factor.
CONSTANT = 1.5
# A hit, as a multiple of a view that only checks the token and sends the same bytes.
HIT = 0.8


class Target(NamedTuple):
    """A promise, what was measured, and whether the promise was kept."""

    promise: str
    wanted: str
    measured: str
    kept: bool


def held(results):
    """Return the Targets that these results cover."""
    targets = []
    for each in (_hits, _throughput, _misses, _writes, _crowd, _stale, _growth, _mix):
        targets += each(results)
    return targets


def ratio(results, figure, question, one, other, **case):
    """Return one strategy's median divided by the other's; None if one is missing."""
    above = results.median(figure, question, one, **case)
    below = results.median(figure, question, other, **case)
    return above / below if above is not None and below else None


def _hits(results):
    for books in results.values("hits", "books"):
        factor = results.median("p50_baselines", "hits", "ours", books=books)
        if factor:
            promise = f"p50 of a hit at {books} books, × the baseline with the token"
            yield Target(promise, f"≤ {HIT}", f"{factor:.2f}", factor <= HIT)


def _throughput(results):
    sizes = results.values("throughput", "books")[-1:]
    cases = itertools.product(sizes, results.values("throughput", "clients"))
    for other, (books, clients) in itertools.product(("flush", "flush-reader"), cases):
        names = ("throughput", "ours", other)
        factor = ratio(results, "baseline_share", *names, books=books, clients=clients)
        if factor:
            promise = (
                f"hits a second at {books} books, {clients} client(s), × those of "
            )
            promise += TITLES[other]
            yield Target(promise, "≥ 5", f"{factor:.1f}", factor >= 5)


def _misses(results):
    for books in results.values("misses", "books")[-1:]:
        names = ("per-book", "ours")
        factor = ratio(results, "p50_baselines", "misses", *names, books=books)
        if factor:
            promise = f"time of a query per book at {books} books, × that of a miss"
            yield Target(promise, "≥ 30", f"{factor:.1f}", factor >= 30)


def _writes(results):
    keys = sorted(results.values("writes", "keys"))
    times = [
        results.median("write_baselines", "writes", "ours", keys=each) for each in keys
    ]
    if len(keys) > 1 and all(times):
        factor = max(times) / min(times)
        promise = (
            f"slowest write divided by the fastest, {keys[0]:,} to {keys[-1]:,} keys"
        )
        promise += " (both as multiples of a write without a cache)"
        wanted = f"≤ {CONSTANT} (constant)"
        yield Target(promise, wanted, f"{factor:.2f}", factor <= CONSTANT)


def _crowd(results):
    spread = results.figure("computed", "crowd", "ours")
    if spread:
        [readers] = results.values("crowd", "readers")
        promise = f"of {readers} readers after a write, those that query the database"
        yield Target(promise, "1", f"{spread.high:g}", spread.high == 1)


def _stale(results):
    names = {name for question in STALE for name in results.strategies(question)}
    if "ours" not in names:
        return
    ours = total(results, "stale", "ours", *STALE)
    reads = total(results, "reads", "ours", *STALE)
    others = names - {"ours"}
    worst = sum(total(results, "stale", name, *STALE) > 0 for name in others)
    promise = f"stale answers in {reads:,} reads ({worst} of {len(others)} other "
    promise += "strategies have some)"
    yield Target(promise, "0", f"{ours:g}", ours == 0)


def total(results, figure, strategy, *questions, **case):
    """Return the sum of a figure over all rounds of these questions."""
    records = [r for each in questions for r in results.find(each, strategy, **case)]
    return sum(record.figures.get(figure, 0) for record in records)


def _growth(results):
    factor, books = growth(results, "text and tag", "the count") or (None, None)
    if factor:
        promise = f"two filters and a cached count: slowest time at {GROWN:,} to "
        promise += f"{books:,} books, × that at {GROWN:,}"
        yield Target(promise, "≤ 3", f"{factor:.1f}", factor <= 3)


def growth(results, page, kept):
    """Return (factor, books): how much slower a page is at worst than with GROWN books.

    `books` is the largest number measured. None if there is no result.
    """
    sizes = sorted(each for each in results.values("growth", "books") if each >= GROWN)
    times = [
        results.median(
            "p50_baselines", "growth", "ours", page=page, kept=kept, books=books
        )
        for books in sizes
    ]
    if len(sizes) < 2 or sizes[0] != GROWN or not all(times):
        return None
    return max(times) / times[0], sizes[-1]


def _mix(results):
    share = results.median("hit_ratio", "mixed", "ours", writes=5)
    if share is not None:
        yield Target("hits with 5 % writes", "≥ 0.8", f"{share:.2f}", share >= 0.8)
