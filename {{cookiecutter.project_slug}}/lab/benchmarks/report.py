"""The report, as Markdown, and the summary, as JSON."""

import json

from lab.benchmarks import ahead, targets
from lab.benchmarks.ladder import TITLES
from lab.benchmarks.questions import QUESTIONS
from lab.benchmarks.tables import TABLES, number, table


def render(results, drawn):
    """Return the report; `drawn` are the file names of the plots."""
    parts = ["# Benchmarks: the results", _about(results)]
    if results.interrupted:
        parts.append(
            f"**Interrupted** ({results.interrupted}): the results up to that point."
        )
    parts += ["## Promised and measured", targets_table(results)]
    parts += ["## Where others are ahead", *_ahead(results)]
    parts += _grown(results)
    for name, question in QUESTIONS.items():
        if results.find(name):
            parts += [f"## {question.TITLE}", question.__doc__.strip()]
            parts += TABLES[name](results)
            parts += [f"![{p}]({p})" for p in drawn if p.startswith(name)]
    parts += ["## How long it took", *_seconds(results)]
    return "\n\n".join(parts) + "\n"


def summary(results):
    """Return the medians as JSON: {question: {case: {strategy: {figure: median}}}}.

    A case is written as its values with hyphens, such as `500-8` for 500 books and 8
    clients.
    """
    medians = {
        "promises": [each._asdict() for each in targets.held(results)],
        "grown": {_slug(page): kept for page, kept in ahead.grown(results).items()},
        "minutes": round(results.minutes, 1),
    }
    for record in results.records:
        cases = medians.setdefault(record.question, {})
        case = "-".join(_slug(str(value)) for value in record.case.values())
        figures = cases.setdefault(case, {}).setdefault(record.strategy, {})
        for name in record.figures.keys() - figures.keys():
            figures[name] = results.median(
                name, record.question, record.strategy, **record.case
            )
    return json.dumps(medians, indent=1, sort_keys=True) + "\n"


def _slug(text):
    return text.replace(" ", "-")


def targets_table(results):
    """Return a table of the promises and whether they were kept."""
    rows = [
        (each.promise, each.wanted, each.measured, "yes" if each.kept else "**no**")
        for each in targets.held(results)
    ]
    return table(("promise", "wanted", "measured", "kept"), rows)


def _ahead(results):
    rows = []
    for each in ahead.ahead(results):
        case = ", ".join(f"{name} {value:,}" for name, value in each.case.items())
        theirs = ", ".join(
            f"{TITLES[name]} {number(value)}{_marked(results, name)}"
            for name, value in each.theirs.items()
        )
        rows.append((f"{each.figure}; {case}", number(each.ours), theirs))
    if not rows:
        return ["Nowhere by more than the rounds vary."]
    note = (
        "In each of these the middle halves of the rounds do not overlap. \\* This "
        "strategy served stale answers."
    )
    return [table(("figure", "this project", "ahead"), rows), note]


def _grown(results):
    found = ahead.grown(results)
    if not found:
        return []
    kinds = results.values("growth", "kept")
    rows = [
        (page, *(number(factors.get(kept), 2) for kept in kinds))
        for page, factors in found.items()
    ]
    head = (
        f"slowest time divided by that with {targets.GROWN:,} books",
        *(f"{kept} kept" for kept in kinds),
    )
    return [
        "Nor is this project fast everywhere. If the count is not cached, as after a "
        "write that may change it, PostgreSQL counts all rows that match. And a page "
        "with a large number takes time in proportion to its number:",
        table(head, rows),
    ]


def _seconds(results):
    rows = [(name, f"{seconds:.0f}") for name, seconds in results.seconds.items()]
    rows.append(("all", f"{60 * results.minutes:.0f}"))
    return [table(("", "seconds"), rows)]


def _marked(results, name):
    return "\\*" if ahead.is_stale(results, name) else ""


def _about(results):
    what = "; ".join(f"{name} {value}" for name, value in results.machine.items())
    return (
        f"Measured with `make {'bench-full' if results.size == 'full' else 'bench'}` "
        f"(size {results.size}) in {results.minutes:.1f} minutes. "
        f"The machine: {what}.\n\n"
        "Each figure is the median of its rounds, with the least and the greatest in "
        "brackets. In each round all strategies have their turn. All are served by "
        "gunicorn with 2 workers of 8 threads, on one PostgreSQL (which does not wait "
        "for the disk: `fsync` is off) and one Redis, on the same machine as the "
        "clients. All check the token in the same way; this project alone also checks "
        "whether the reader may still read. A multiple of a baseline compares requests "
        "with requests to the baseline right after them. p95 and p99 are of all rounds "
        "together; a dash stands for fewer than 20 and 100 requests, of which they "
        "would be the slowest. The clients accept gzip. Only this project stores its "
        "answers compressed, so it sends fewer bytes; decompressed they are the same."
    )
