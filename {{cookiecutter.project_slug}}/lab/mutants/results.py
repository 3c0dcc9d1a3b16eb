"""What came of the mutants: kept while the run goes on, and reported at its end."""

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from lab.mutants.mutations import Mutant
from lab.mutants.trial import KILLED, SURVIVED, TIMEOUT, UNTESTED, Outcome

EXPLAINED = Path(__file__).with_name("explained.toml")


class Result(NamedTuple):
    """One mutant and its outcome; `why` explains why no test can notice it."""

    path: str
    line: int
    kind: str
    diff: str
    result: str
    test: str
    seconds: float
    why: str = ""

    @property
    def unnoticed(self) -> bool:
        """Whether no test noticed it, though one could."""
        return self.result in (SURVIVED, UNTESTED) and not self.why


class Kept:
    """The results in a file of JSON lines: one that is there is not tried again."""

    def __init__(self, file: Path) -> None:
        self.file = file
        lines = file.read_text().splitlines() if file.exists() else []
        self.results = [Result(**json.loads(line)) for line in lines]

    def forget(self, every: bool) -> None:
        """Forget every result, or only those of mutants that no test noticed."""
        noticed = [r for r in self.results if r.result in (KILLED, TIMEOUT)]
        self.results = [] if every else noticed
        lines = [json.dumps(each._asdict()) + "\n" for each in self.results]
        self.file.write_text("".join(lines))

    def has(self, mutant: Mutant, diff: str) -> bool:
        """Return whether this mistake was tried."""
        return (mutant.path, diff) in {(each.path, each.diff) for each in self.results}

    def add(self, mutant: Mutant, diff: str, outcome: Outcome) -> Result:
        """Add what came out."""
        result = Result(mutant.path, mutant.line, mutant.kind, diff, *outcome)
        self.results.append(result)
        with self.file.open("a") as lines:
            lines.write(json.dumps(result._asdict()) + "\n")
        return result


def explain(results: list[Result]) -> list[Result]:
    """Return the results, with the explanations of explained.toml."""
    reasons = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["mutant"]
    why = {(each["path"], each["diff"].strip()): each["why"] for each in reasons}
    return [r._replace(why=why.get((r.path, _stripped(r.diff)), "")) for r in results]


def _stripped(diff: str) -> str:
    return "\n".join(line.rstrip() for line in diff.splitlines()).strip()


def score(results: list[Result]) -> float:
    """Return the share that a test noticed, of those that a test can notice."""
    noticed = sum(each.result in (KILLED, TIMEOUT) for each in results)
    unnoticed = sum(each.unnoticed for each in results)
    return noticed / (noticed + unnoticed) if noticed + unnoticed else 1.0


def document(results: list[Result], options: dict[str, object]) -> str:
    """Return all results as JSON."""
    counts = Counter(each.result for each in results)
    explained = sum(bool(each.why) for each in results)
    return json.dumps(
        {
            "options": options,
            "score": round(score(results), 4),
            "counts": dict(counts) | {"explained": explained},
            "mutants": [each._asdict() for each in results],
        },
        indent=1,
    )


def text(results: list[Result]) -> str:
    """Return the score and what no test noticed, as Markdown."""
    counts = Counter(each.result for each in results)
    unnoticed = [each for each in results if each.unnoticed]
    explained = [each for each in results if each.why]
    head = (
        f"{len(results)} mutants: {counts[KILLED]} killed, {counts[TIMEOUT]} ended by "
        f"the time limit, {len(explained)} explained, {len(unnoticed)} unnoticed. "
        f"Score: {score(results):.1%}."
    )
    return "\n\n".join(["# Mutants", head, *map(_section, unnoticed + explained), ""])


def _section(each: Result) -> str:
    title = f"`{each.path}:{each.line}` {each.kind}: {each.result}. {each.why}".strip()
    return f"{title}\n\n```diff\n{each.diff}\n```"
