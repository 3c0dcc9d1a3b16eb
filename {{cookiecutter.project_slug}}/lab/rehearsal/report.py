"""The report: a table, a timeline, and the figures as JSON."""

import collections
import dataclasses
import json
from pathlib import Path

COLUMNS = (
    "scenario",
    "seconds",
    "requests",
    "a second",
    "slowest (s)",
    "failed",
    "answered by",
    "exit",
    "live",
    "release",
    "stable",
    "written",
    "lost",
)


def row(outcome):
    """Return the table's cells for one scenario."""
    releases = ", ".join(f"{tag} {n}" for tag, n in sorted(outcome.releases.items()))
    return (
        outcome.name,
        f"{outcome.ended - outcome.began:.0f}",
        str(outcome.sent),
        f"{outcome.rate:.0f}",
        f"{outcome.slowest:.1f}",
        str(outcome.failed),
        releases,
        str(outcome.exit_code),
        outcome.live,
        outcome.release,
        outcome.stable,
        str(outcome.acknowledged),
        str(outcome.lost),
    )


def table(outcomes):
    """Return the outcomes as a Markdown table."""
    rows = [COLUMNS, *map(row, outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths))
        + " |"
        for cells in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write(folder, outcomes, answers, facts):
    """Write report.md, report.json and timeline.png into `folder`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    notes = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    text = f"# Rehearsal\n\n{table(outcomes)}\n\n{notes}\n\n![timeline](timeline.png)\n"
    (folder / "report.md").write_text(text, encoding="utf-8")
    data = {"facts": facts, "outcomes": [dataclasses.asdict(one) for one in outcomes]}
    (folder / "report.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    timeline(folder / "timeline.png", outcomes, answers)


def per_second(answers, start, name_of):
    """Return {name: {second: count}} of the answers.

    `name_of(answer)` is the name to count it under; an answer without one is left out.
    """
    counts = collections.defaultdict(collections.Counter)
    for answer in answers:
        if name := name_of(answer):
            counts[name][int(answer.sent - start)] += 1
    return counts


def stack(axes, counts, length, **style):
    """Draw `counts`, {name: {second: count}}, stacked, for `length` seconds."""
    seconds = range(int(length) + 1)
    names = sorted(counts)
    heights = [[counts[name][second] for second in seconds] for name in names]
    axes.stackplot(seconds, heights, labels=names, step="post", **style)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def timeline(path, outcomes, answers):
    """Draw answered and failed requests, and the releases that answered, over time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    start, end = outcomes[0].began, outcomes[-1].ended
    figure, (flow, releases) = pyplot.subplots(
        2, 1, sharex=True, figsize=(15, 7), layout="constrained"
    )
    state = per_second(answers, start, lambda a: "failed" if a.failed else "answered")
    stack(flow, state, end - start, colors=("#9ecae1", "#d62728"))
    flow.set_ylabel("requests a second")
    stack(releases, per_second(answers, start, lambda a: a.release), end - start)
    releases.set_ylabel("health checks a second, by release")
    releases.set_xlabel("seconds")
    for outcome in outcomes:
        for axes in (flow, releases):
            axes.axvline(outcome.began - start, color="grey", linewidth=0.5)
        flow.annotate(
            outcome.name,
            (outcome.began - start, flow.get_ylim()[1]),
            rotation=30,
            fontsize=8,
            annotation_clip=False,
        )
    figure.savefig(path, dpi=110)
