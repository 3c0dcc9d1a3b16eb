"""The result of a scene, and whether it is as it must be."""

import dataclasses

UNAVAILABLE = 503


@dataclasses.dataclass
class Outcome:
    """The result of one scene; times are seconds since the epoch.

    `got` is what the enemy got: {what: {status code or end: times}}.
    """

    name: str
    began: float
    ended: float
    got: dict
    sent: int  # by honest clients, as all that follows
    rate: float  # requests a second
    slowest: float  # seconds to the last answer's end
    failed: int
    refused: int  # answered with 503, where the scene wants that
    failures: list  # [seconds since the beginning, kind of request, what it got]
    acknowledged: int
    lost: int
    peaks: dict  # {service: bytes of memory}
    kills: dict  # {service: times}
    logged: dict  # {event: lines of the security log}
    problems: list


def is_refusal(answer, kinds):
    """Return whether an honest request of one of the kinds was answered with 503."""
    return answer.kind in kinds and answer.status == UNAVAILABLE


def problems(scene, seen):
    """Return a line for each thing that is not as the scene demands."""
    found = [
        line
        for what, expected in scene.expected.items()
        if (line := difference(what, seen.got.get(what, {}), expected))
    ]
    found += [
        f"the log tells of no {each}"
        for each in scene.logged
        if not seen.logged.get(each)
    ]
    if seen.failed:
        found.append(f"{seen.failed} failed honest requests: {seen.failures[:5]}")
    if seen.lost:
        found.append(f"{seen.lost} lost rows")
    if seen.kills:
        found.append(f"killed: {seen.kills}")
    if scene.refused and not seen.refused:
        found.append("no honest request was refused: did the attack do any harm?")
    if not seen.acknowledged:
        found.append("nothing was written: there was no load to speak of")
    return found


def difference(what, got, expected):
    """Return a line if the counts are not as expected; None if they are.

    `expected` is {outcome: the numbers that it may have}; any other may not occur.
    """
    wrong = [
        outcome
        for outcome in sorted(got.keys() | expected.keys())
        if got.get(outcome, 0) not in expected.get(outcome, {0})
    ]
    if not wrong:
        return None
    return f"{what}: {got or 'nothing'}; wrong: {', '.join(wrong)}"
