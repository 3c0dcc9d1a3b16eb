"""Reads the output of the rendered project's tests."""

import re

RESULT = re.compile(
    r"^=+ (?:short test summary info =+\n)?(.*\bin [\d.]+s.*?) =+$", re.M
)
COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed|xpassed)")
SKIPPED = re.compile(r"^SKIPPED \[(\d+)\] \S+: (.+)$", re.M)
# The wheel's PostgreSQL comes without its contrib modules.
NO_TRIGRAMS = "left out: no pg_trgm: install PostgreSQL's contrib modules"
LONG = "long: run without --quick"
GOOD = {"passed", "skipped"}
LEFT_OUT = re.compile(r"^LEFT OUT.*$", re.M)
# A database is one of two: what is about the one is skipped on the other.
EXPECTED = {
    "PostgreSQL knows these letters",
    "SQLite can't be lost",
    "servers run PostgreSQL",
}


def counts(said):
    """Return {word: number} for each of pytest's runs in the output, in order."""
    runs = (COUNT.findall(result) for result in RESULT.findall(said))
    return [{word: int(number) for number, word in run} for run in runs if run]


def skipped(said):
    """Return {reason: how many tests were skipped for it}."""
    reasons = {}
    for number, reason in SKIPPED.findall(said):
        reasons[reason] = reasons.get(reason, 0) + int(number)
    return reasons


def check(said, *more):
    """Assert that the tests ran on both databases and in the lab, and that they skipped
    only what they must, or for `more` reasons.

    Return a line that says how many.
    """
    runs = counts(said)
    where = ("on SQLite", "on PostgreSQL", "in the lab")
    assert len(runs) == len(where), said[-3000:]
    assert all({"passed"} <= set(run) <= GOOD for run in runs), said[-3000:]
    assert set(skipped(said)) <= EXPECTED | set(more), skipped(said)
    unexpected = [
        line
        for line in LEFT_OUT.findall(said)
        if not any(line.endswith(reason.removeprefix("left out")) for reason in more)
    ]
    assert unexpected == []
    return ", ".join(
        f"{run['passed']} passed and {run.get('skipped', 0)} skipped {place}"
        for place, run in zip(where, runs, strict=True)
    )
