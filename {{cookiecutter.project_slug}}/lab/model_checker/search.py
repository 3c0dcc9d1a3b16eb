"""All orders of all steps, each state once; the shortest way to a stale answer."""

from collections import Counter, deque
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from unittest import mock

from caching import stamps
from lab.model_checker.state import canonical


@dataclass
class Findings:
    """What a search saw."""

    states: int = 0
    # In how many orders the steps can be taken, from the start to the last read.
    schedules: int = 0
    # How many steps ended a read as a hit, a miss, a bypass or stale.
    results: Counter = field(default_factory=Counter)
    # The moves to the first stale answer; none is shorter. Empty: there is none.
    way: tuple = ()


def explore(world, *, form=canonical):
    """Return the Findings in `world`: all, or those up to the first stale answer.

    `form` says when two states are one: when it returns equal things for them.
    """
    findings = Findings()
    # Deterministic tokens: a way found once is found again.
    with mock.patch.object(stamps, "new_token", world.new_token):
        start = world.start()
        known = {form(world.scenario, start): 0}
        ways, after, queue = [None], [], deque([start])
        while queue:
            state = queue.popleft()
            number = len(after)
            after.append([])
            for move in world.moves(state):
                findings.results[move.result] += 1
                if move.result == "stale":
                    findings.states = len(known)
                    findings.way = _way(ways, number, move)
                    return findings
                key = form(world.scenario, move.state)
                if key not in known:
                    known[key] = len(ways)
                    ways.append((number, move))
                    queue.append(move.state)
                after[number].append(known[key])
    findings.states, findings.schedules = len(known), _count_schedules(after)
    return findings


def _way(ways, number, last):
    moves = [last]
    while number:
        number, move = ways[number]
        moves.append(move)
    return tuple(reversed(moves))


def _count_schedules(after):
    # From the end: as many as all that follow have together. Nothing is undone, so
    # no state is met twice on one way.
    counts = {}
    for number in TopologicalSorter(dict(enumerate(after))).static_order():
        counts[number] = sum(counts[each] for each in after[number]) or 1
    return counts[0]
