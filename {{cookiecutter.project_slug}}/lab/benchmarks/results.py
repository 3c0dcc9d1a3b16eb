"""The results: a record for each round, stored as JSON."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import NamedTuple


def percentile(percent, values):
    """Return a percentile (nearest rank) of at least one value."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


class Spread(NamedTuple):
    """The median of a figure over its rounds, and its extremes."""

    median: float
    low: float
    high: float


@dataclass(slots=True)
class Record:
    """One round: its question, strategy and case, and its figures.

    `samples` are latencies (ms), for the percentiles over all rounds.
    """

    question: str
    strategy: str
    case: dict
    figures: dict
    samples: list = field(default_factory=list)


@dataclass
class Results:
    """All records of a run, its machine, and why it was interrupted, if it was."""

    size: str = ""
    machine: dict = field(default_factory=dict)
    seconds: dict = field(default_factory=dict)
    interrupted: str = ""
    records: list = field(default_factory=list)

    def add(self, question, strategy, case, samples=(), **figures):
        """Add the figures of one round."""
        rounded = {name: _rounded(value) for name, value in figures.items()}
        record = Record(question, strategy, case, rounded, list(samples))
        self.records.append(record)

    def find(self, question, strategy=None, **case):
        """Return the records of a question, a strategy and a case."""
        return [
            record
            for record in self.records
            if record.question == question
            and strategy in (None, record.strategy)
            and case.items() <= record.case.items()
        ]

    def figure(self, name, question, strategy, **case):
        """Return the Spread of a figure, or None if it was not measured."""
        values = [
            record.figures[name]
            for record in self.find(question, strategy, **case)
            if record.figures.get(name) is not None
        ]
        if not values:
            return None
        return Spread(statistics.median(values), min(values), max(values))

    def samples(self, question, strategy, **case):
        """Return the latencies of all rounds together."""
        records = self.find(question, strategy, **case)
        return [sample for record in records for sample in record.samples]

    def rare(self, percent, question, strategy, **case):
        """Return a percentile of all rounds together.

        None if there are too few samples: it would be the slowest of them.
        """
        samples = self.samples(question, strategy, **case)
        enough = len(samples) * (100 - percent) >= 100
        return percentile(percent, samples) if enough else None

    def middle(self, name, question, strategy, **case):
        """Return the first and the third quartile of the rounds.

        Of fewer than four rounds, the least and the greatest value; of none, None.
        """
        records = self.find(question, strategy, **case)
        values = [r.figures[name] for r in records if r.figures.get(name) is not None]
        if len(values) < 4:
            return (min(values), max(values)) if values else None
        first, _, last = statistics.quantiles(values, n=4, method="inclusive")
        return first, last

    def median(self, name, question, strategy, **case):
        """Return the median of a figure, or None if it was not measured."""
        spread = self.figure(name, question, strategy, **case)
        return spread and spread.median

    def strategies(self, question):
        """Return the strategies in the order in which they were measured."""
        return list(dict.fromkeys(r.strategy for r in self.find(question)))

    def values(self, question, key):
        """Return the values of `key` in the order in which they were measured."""
        cases = (record.case for record in self.find(question))
        return list(dict.fromkeys(case[key] for case in cases if key in case))

    @property
    def minutes(self):
        """How long the run took, in minutes."""
        return sum(self.seconds.values()) / 60

    def dump(self):
        """Return everything as JSON, with a line for each record."""
        head = asdict(self) | {"records": None}
        lines = ",\n".join(json.dumps(asdict(record)) for record in self.records)
        text = json.dumps(head, indent=1)
        return text.replace('"records": null', f'"records": [\n{lines}\n]') + "\n"

    @classmethod
    def load(cls, text):
        """Return the Results in JSON that dump() wrote. Raises ValueError."""
        try:
            data = json.loads(text)
            records = [Record(**each) for each in data.pop("records")]
            return cls(**data, records=records)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no results of a benchmark: {error}") from error


def _rounded(value):
    # No measurement here is more exact than six digits.
    return float(f"{value:.6g}") if isinstance(value, float) else value
