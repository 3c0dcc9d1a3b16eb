"""The report: tables, pictures over time, and the figures as JSON."""

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


SIEGE_COLUMNS = (
    "scene",
    "seconds",
    "requests",
    "slowest (s)",
    "failed",
    "refused",
    "written",
    "lost",
    "memory at its peak (MiB)",
    "kills",
    "security log",
    "what the enemy got",
    "as it must be",
)

HOSTS_COLUMNS = (
    "scene",
    "seconds",
    "requests",
    "slowest (s)",
    "failed",
    "answered by",
    "written",
    "lost",
    "reads checked",
    "stale",
    "as it must be",
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


def siege_row(outcome):
    """Return the table's cells for one scene with an enemy."""
    peaks = {name: round(used / 1024**2) for name, used in outcome.peaks.items()}
    return (
        outcome.name,
        f"{outcome.ended - outcome.began:.0f}",
        str(outcome.sent),
        f"{outcome.slowest:.1f}",
        str(outcome.failed),
        str(outcome.refused),
        str(outcome.acknowledged),
        str(outcome.lost),
        counts(peaks),
        counts(outcome.kills),
        counts(outcome.logged),
        "; ".join(f"{what}: {counts(got)}" for what, got in outcome.got.items()),
        "yes" if not outcome.problems else "NO",
    )


def hosts_row(outcome):
    """Return the table's cells for one scene with several hosts."""
    return (
        outcome.name,
        f"{outcome.ended - outcome.began:.0f}",
        str(outcome.sent or "-"),
        f"{outcome.slowest:.1f}" if outcome.sent else "-",
        str(outcome.failed) if outcome.sent else "-",
        counts(outcome.releases) if outcome.sent else f"{len(outcome.servers)} hosts",
        str(outcome.acknowledged),
        str(outcome.lost),
        str(outcome.reads or "-"),
        str(outcome.stale) if outcome.reads else "-",
        "yes" if not outcome.problems else "NO",
    )


def write_hosts(folder, outcomes):
    """Write hosts.md and hosts.json of scenes with several hosts; give the table."""
    text = table([HOSTS_COLUMNS, *map(hosts_row, outcomes)])
    (folder / "hosts.md").write_text(f"# Several hosts\n\n{text}\n", encoding="utf-8")
    data = [dataclasses.asdict(outcome) for outcome in outcomes]
    (folder / "hosts.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    return text


def counts(numbers):
    """Return {name: number} as a cell of a table."""
    return ", ".join(f"{name} {n}" for name, n in sorted(numbers.items())) or "-"


def tables(outcomes, siege):
    """Return what was played as Markdown tables: deploys, and scenes with an enemy."""
    rows = [[COLUMNS, *map(row, outcomes)], [SIEGE_COLUMNS, *map(siege_row, siege)]]
    return "\n\n".join(table(each) for each in rows if len(each) > 1)


def table(rows):
    """Return rows of cells as a Markdown table; the first one is its head."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths))
        + " |"
        for cells in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write(folder, stage, siege, facts):
    """Write report.md, report.json and the pictures of the Stage and the Siege.

    A picture of nothing is left out.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [
        draw(folder, played)
        for draw, played in ((timeline, stage), (enemy, siege))
        if played.outcomes
    ]
    notes = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    links = "\n".join(f"![{name.stem}]({name.name})" for name in pictures)
    both = tables(stage.outcomes, siege.outcomes)
    text = f"# Rehearsal\n\n{both}\n\n{notes}\n\n{links}\n"
    (folder / "report.md").write_text(text, encoding="utf-8")
    data = {
        "facts": facts,
        "outcomes": [dataclasses.asdict(one) for one in stage.outcomes],
        "enemy": [dataclasses.asdict(one) for one in siege.outcomes],
    }
    (folder / "report.json").write_text(json.dumps(data, indent=1), encoding="utf-8")


def per_second(answers, start, name_of):
    """Return {name: {second: count}} of the answers.

    `name_of(answer)` is the name to count it under; an answer without one is left out.
    """
    counts = collections.defaultdict(collections.Counter)
    for answer in answers:
        if name := name_of(answer):
            counts[name][int(answer.sent - start)] += 1
    return counts


def result_of(answer):
    """Return the name under which the pictures count an answer."""
    if answer.status == 503:
        return "refused (503)"
    return "failed" if answer.failed else "answered"


COLOURS = {"answered": "#9ecae1", "failed": "#d62728", "refused (503)": "#fdae6b"}


def stack(axes, counts, length, colours=None):
    """Draw `counts`, {name: {second: count}}, stacked, for `length` seconds."""
    seconds = range(int(length) + 1)
    names = sorted(counts)
    heights = [[counts[name][second] for second in seconds] for name in names]
    colours = colours and [colours[name] for name in names]
    axes.stackplot(seconds, heights, labels=names, step="post", colors=colours)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def apart(places, least):
    """Return the ascending places, moved right until `least` lies between any two."""
    moved = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    return moved


def two_charts(outcomes):
    """Return a figure and its two charts, with a line where each outcome begins."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, charts = pyplot.subplots(
        2, 1, sharex=True, figsize=(15, 7), layout="constrained"
    )
    begin = [outcome.began - outcomes[0].began for outcome in outcomes]
    beside = apart(begin, (outcomes[-1].ended - outcomes[0].began) / 70)
    for outcome, place, name_at in zip(outcomes, begin, beside):
        for axes in charts:
            axes.axvline(place, color="grey", linewidth=0.5)
        charts[0].annotate(
            outcome.name,
            (place, 1),
            xytext=(name_at, 1.1),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "color": "grey", "linewidth": 0.5},
            annotation_clip=False,
        )
    charts[0].margins(x=0)
    charts[1].set_xlabel("seconds")
    charts[0].locator_params(axis="y", integer=True)
    return figure, *charts


def timeline(folder, stage):
    """Draw answered and failed requests, and the releases that answered, over time.

    Returns the picture's path, as enemy() does.
    """
    start, end = stage.outcomes[0].began, stage.outcomes[-1].ended
    figure, flow, releases = two_charts(stage.outcomes)
    answers = stage.load.answers
    stack(flow, per_second(answers, start, result_of), end - start, COLOURS)
    flow.set_ylabel("requests a second")
    stack(releases, per_second(answers, start, lambda a: a.release), end - start)
    releases.set_ylabel("health checks a second, by release")
    figure.savefig(folder / "timeline.png", dpi=110)
    return folder / "timeline.png"


def enemy(folder, siege):
    """Draw the honest requests, and the memory of each service, over time."""
    start, end = siege.outcomes[0].began, siege.outcomes[-1].ended
    figure, flow, memory = two_charts(siege.outcomes)
    answers = per_second(siege.load.answers, start, result_of)
    stack(flow, answers, end - start, COLOURS)
    flow.set_ylabel("honest requests a second")
    for service in sorted({name for _, name, _ in siege.memory.samples}):
        mine = [each for each in siege.memory.samples if each[1] == service]
        seconds = [when - start for when, _, _ in mine]
        memory.plot(seconds, [used / 1024**2 for _, _, used in mine], label=service)
    memory.set_ylabel("memory in use (MiB)")
    memory.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(folder / "enemy.png", dpi=110)
    return folder / "enemy.png"
