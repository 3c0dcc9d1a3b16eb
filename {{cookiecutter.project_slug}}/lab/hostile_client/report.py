"""The results, as Markdown and as JSON."""

import json

from lab.hostile_client.mutations import KINDS
from lab.hostile_client.runner import Runner

COMPARED = (
    "status, every header (but Date, X-Cache, Connection) and the decoded body of the "
    "same target, asked for plainly with gzip and without, with the answer of a server "
    "without a cache, or with the first plain answer of a server that is given by URL"
)
SHOWN = 400


def document(runners: list[Runner], seed: int, **more: object) -> str:
    """Return everything as text in JSON."""
    data = {
        "seed": seed,
        **more,
        "mutations": sum(runner.counts.mutations for runner in runners),
        "compared_what": COMPARED,
        "sites": [_site(runner) for runner in runners],
    }
    return json.dumps(data, indent=2) + "\n"


def markdown(runners: list[Runner], seed: int) -> str:
    """Return the results as a page."""
    total = sum(runner.counts.mutations for runner in runners)
    lines = ["# The hostile client", "", f"Seed {seed}, {total:,} mutations.", ""]
    lines += [f"Compared were {COMPARED}.", ""]
    for runner in runners:
        lines += _section(runner)
    return "\n".join(lines)


def _section(runner):
    counts = runner.counts
    lines = [
        f"## {runner.site.name}",
        "",
        f"{counts.mutations:,} mutations in {counts.requests:,} hostile requests, "
        f"after which {counts.compared:,} plain answers were compared.",
        "",
        f"- Hostile requests were answered with {_listed(counts.statuses)}.",
        f"- By the cache: {_listed(counts.hostile_results)}. "
        f"Innocent readers: {_listed(counts.innocent_results)}.",
        f"- Faults: {len(runner.faults)}.",
        "",
        "| kind of mutation | sent |",
        "|---|---|",
        *(f"| {kind} | {counts.kinds[kind]:,} |" for kind in KINDS),
        "",
    ]
    for fault in runner.faults:
        lines += _fault(fault)
    return lines


def _fault(fault):
    where = f" at `{fault.victim}`" if fault.victim else ""
    alone = "" if fault.again else " (it did not come again)"
    request = repr(fault.request)[2:-1]
    shown = request if len(request) <= SHOWN else request[:SHOWN] + "…"
    kinds = ", ".join(fault.kinds)
    return [
        f"### {fault.what}{where}{alone}",
        "",
        f"Seen {fault.seen} times. Mutations: {kinds}. The request:",
        "",
        f"    {shown}",
        "",
    ]


def _site(runner):
    counts = runner.counts
    return {
        "name": runner.site.name,
        "requests": counts.requests,
        "mutations": counts.mutations,
        "kinds": {kind: counts.kinds[kind] for kind in KINDS},
        "statuses": dict(sorted(counts.statuses.items())),
        "hostile_results": counts.hostile_results,
        "innocent_results": counts.innocent_results,
        "compared": counts.compared,
        "faults": [
            {**vars(fault), "request": fault.request.decode("latin-1")}
            for fault in runner.faults
        ],
    }


def _listed(counter):
    return (
        ", ".join(f"{name} ({n:,})" for name, n in counter.most_common()) or "nothing"
    )
