"""The results, as a table, as sentences and as JSON."""

import dataclasses
import json
from collections import Counter
from statistics import median

COLUMNS = ("phase", "reads", "hits", "writes", "faults", "stale", "within the bound")
KINDS = {"title": "titles", "stock": "stocks after loans", "name": "names of tags"}
SHOWN, KEPT = 3, 100


def table(outcomes):
    """Return the outcomes as lines of text, with their sum at the end."""
    rows = [COLUMNS, *map(_row, outcomes)]
    sums = [sum(column) for column in zip(*(row[1:] for row in rows[1:]))]
    rows.append(("all", *sums))
    rows = [[f"{c:,}" if isinstance(c, int) else c for c in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [_line(row, widths) for row in rows]
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def verdict(outcomes):
    """Return what the table means, in sentences."""
    reads = sum(outcome.counts["reads"] for outcome in outcomes)
    stale = [each for outcome in outcomes for each in outcome.unexplained]
    within_bound = sum(len(outcome.within_bound) for outcome in outcomes)
    lines = [f"{len(stale):,} of {reads:,} reads were stale beyond the stated bound."]
    if within_bound:
        lines.append(f"Stale within it, while Redis was away: {within_bound:,}.")
    if writes := sum(outcome.pending_writes for outcome in outcomes):
        longest = max(outcome.longest_pending for outcome in outcomes)
        lines.append(
            f"{writes:,} writes could not reach Redis; their invalidations were "
            f"flushed at most {longest:.2f} s after it was back."
        )
    if stale:
        lines.append(f"Stale were {_kinds(stale)}. The first of them:")
    lines += map(_sentence, stale[:SHOWN])
    problems = [text for outcome in outcomes for text in outcome.problems]
    if problems:
        lines.append(f"{len(problems):,} problems; the first: {problems[0]}")
    return "\n".join(lines)


def stampede(rounds):
    """Return what happened in the stampedes, in two sentences."""
    queries = ", ".join(str(each.queries) for each in rounds)
    query, last = median(r.query for r in rounds), median(r.last for r in rounds)
    return (
        f"50 readers after an invalidation, on {rounds[0].workers} worker processes, "
        f"{len(rounds)} times: {queries} list queries.\n"
        f"The median time of the query was {query:.2f} s, that of the last answer "
        f"{last:.2f} s."
    )


def is_clean(outcomes):
    """Return whether there were no problems, and no stale reads beyond the bound."""
    return not any(outcome.unexplained or outcome.problems for outcome in outcomes)


def document(outcomes, rounds, **more):
    """Return everything as text in JSON."""
    data = {
        **more,
        "reads": sum(outcome.counts["reads"] for outcome in outcomes),
        "stale": sum(len(outcome.unexplained) for outcome in outcomes),
        "within_the_bound": sum(len(outcome.within_bound) for outcome in outcomes),
        "phases": [_phase(outcome) for outcome in outcomes],
        "fifty_readers": [dataclasses.asdict(each) for each in rounds],
    }
    return json.dumps(data, indent=2) + "\n"


def _row(outcome):
    counts = outcome.counts
    return (
        outcome.name,
        counts["reads"],
        counts["hit"],
        counts["writes"],
        outcome.faults.total(),
        len(outcome.unexplained),
        len(outcome.within_bound),
    )


def _line(row, widths):
    first, *others = (
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths))
    )
    return "  ".join([first, *others])


def _kinds(stale):
    kinds = Counter(kind for each in stale for kind in {s.kind for s in each.missed})
    return ", ".join(f"{KINDS[kind]} ({n:,})" for kind, n in kinds.most_common())


def _sentence(stale):
    missed = ", ".join(
        f"{subject.kind} {subject.id} in version {shown}, not {oldest}"
        for subject, (shown, oldest) in stale.missed.items()
    )
    return f"  {stale.path} ({stale.source}, worker {stale.worker}) showed {missed}"


def _phase(outcome):
    return {
        "name": outcome.name,
        "seconds": round(outcome.seconds, 1),
        "counts": outcome.counts,
        "faults": outcome.faults,
        "pending_writes": outcome.pending_writes,
        "longest_pending_seconds": round(outcome.longest_pending, 3),
        "stale_reads": [_stale(each) for each in outcome.unexplained[:KEPT]],
        "reads_within_the_bound": [
            _stale(each) for each in outcome.within_bound[:KEPT]
        ],
        "problems": outcome.problems[:KEPT],
    }


def _stale(stale):
    missed = [
        {"what": subject.kind, "id": subject.id, "shown": shown, "known": oldest}
        for subject, (shown, oldest) in stale.missed.items()
    ]
    return dataclasses.asdict(stale) | {"missed": missed}
