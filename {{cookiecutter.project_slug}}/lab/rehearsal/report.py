"""The report: tables, and the figures as JSON."""

import dataclasses
import json
from pathlib import Path

from lab.rehearsal import pictures

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

    A picture of nothing is left out. What the others show is in pictures.DATA.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = (("deploys", pictures.deploys, stage), ("enemy", pictures.enemy, siege))
    shown = {name: of(played) for name, of, played in kinds if played.outcomes}
    (folder / pictures.DATA).write_text(json.dumps(shown), encoding="utf-8")
    notes = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    drawn = pictures.draw(folder)
    links = "\n".join(f"![{picture.stem}]({picture.name})" for picture in drawn)
    both = tables(stage.outcomes, siege.outcomes)
    text = f"# Rehearsal\n\n{both}\n\n{notes}\n\n{links}\n"
    (folder / "report.md").write_text(text, encoding="utf-8")
    data = {
        "facts": facts,
        "outcomes": [dataclasses.asdict(one) for one in stage.outcomes],
        "enemy": [dataclasses.asdict(one) for one in siege.outcomes],
    }
    (folder / "report.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
