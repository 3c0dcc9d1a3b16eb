"""Searches all orders of all steps, each state once, for a stale answer."""

from collections import Counter, deque
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from unittest import mock

from caching import stamps
from lab.model_checker.state import canonical


@dataclass
class Findings:
    """The result of a search."""

    states: int = 0
    # The number of orders of the steps, from the start to the last read.
    schedules: int = 0
    # How many steps ended a read, as a hit, miss, bypass or stale.
    results: Counter = field(default_factory=Counter)
    # A shortest series of moves to a stale answer; empty if there is none.
    trace: tuple = ()


def explore(world, *, form=canonical):
    """Search `world` until the first stale answer; return the Findings.

    Two states count as one if `form` returns equal values for them.
    """
    findings = Findings()
    # With deterministic tokens every search finds the same trace.
    with mock.patch.object(stamps, "new_token", world.new_token):
        start = world.start()
        known = {form(world.scenario, start): 0}
        steps, after, queue = [None], [], deque([start])
        while queue:
            state = queue.popleft()
            number = len(after)
            after.append([])
            for move in world.moves(state):
                findings.results[move.result] += 1
                if move.result == "stale":
                    findings.states = len(known)
                    findings.trace = _trace(steps, number, move)
                    return findings
                key = form(world.scenario, move.state)
                if key not in known:
                    known[key] = len(steps)
                    steps.append((number, move))
                    queue.append(move.state)
                after[number].append(known[key])
    findings.states, findings.schedules = len(known), _count_schedules(after)
    return findings


def _trace(steps, number, last):
    moves = [last]
    while number:
        number, move = steps[number]
        moves.append(move)
    return tuple(reversed(moves))


def _count_schedules(after):
    # Counted from the end: a state has as many as its successors have together. No
    # move can be undone, so no state comes twice in one order.
    counts = {}
    for number in TopologicalSorter(dict(enumerate(after))).static_order():
        counts[number] = sum(counts[each] for each in after[number]) or 1
    return counts[0]
