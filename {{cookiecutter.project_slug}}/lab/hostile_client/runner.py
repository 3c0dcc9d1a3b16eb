"""Rounds of hostile requests, and the shortest request that shows each fault."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from lab.hostile_client import mutations
from lab.hostile_client.comparison import (
    OF_THE_ENCODING,
    PLAIN,
    Truth,
    ask_plainly,
    problem_of,
    visible,
)
from lab.hostile_client.environment import Site
from lab.hostile_client.message import Message, Target, Tokens
from lab.hostile_client.mutations import NEUTRAL, Mutation
from lab.hostile_client.wire import Unreadable, Wire

# After so many different faults there is something to mend first.
MOST_FAULTS = 20
OWN, OTHER = b"<own token>", b"<another reader's token>"


class Step(NamedTuple):
    """One hostile request: what it asks for, and what is odd about it."""

    target: Target
    mutations: tuple[Mutation, ...]


@dataclass
class Fault:
    """Something that went wrong: what, for whom, and the shortest request for it.

    `seen` says how often it was met. `again` is whether it came again when it was sent
    alone.
    """

    what: str
    victim: str
    kinds: tuple[str, ...]
    request: bytes
    again: bool
    seen: int = 1


@dataclass
class Counts:
    """What was done, by kind."""

    requests: int = 0
    kinds: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)
    hostile_results: Counter = field(default_factory=Counter)
    innocent_results: Counter = field(default_factory=Counter)
    compared: int = 0

    @property
    def mutations(self) -> int:
        """How many mutations were sent."""
        return self.kinds.total()


class Problem(NamedTuple):
    """What a step led to, and who met it: nobody but the asker if empty."""

    what: str
    victim: bytes = b""


class Runner:
    """Sends hostile requests to a Site, and checks what innocent readers get then."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.random = site, random.Random(seed)
        self.counts, self.faults = Counts(), []
        self.wire = Wire(site.address, half_close=bool(site.uncached))
        self.targets = site.library.targets()
        self.innocent = Wire(site.address, half_close=False)
        self.right = Wire(site.uncached or site.address, half_close=False)
        renew = None if site.uncached else site.renew
        self.truth = Truth(partial(self._ask, self.right), renew)
        self.truth.learn(self.targets)

    def close(self) -> None:
        """Close the connections."""
        for wire in (self.wire, self.innocent, self.right):
            wire.close()

    def run(self, until: Callable[[Counts], bool]) -> None:
        """Run rounds until `until` says so of the counts, or there are many faults."""
        while not until(self.counts) and len(self.faults) < MOST_FAULTS:
            self.round(until)

    def round(self, until: Callable[[Counts], bool]) -> None:
        """Empty the cache, then let the hostile client be the first at each target."""
        self.site.renew()
        done: list[Step] = []
        for target in self.random.sample(self.targets, len(self.targets)):
            if until(self.counts):
                return
            done.append(Step(target, tuple(mutations.draw(self.random))))
            self._count(done[-1])
            problem = self.attempt(done[-1], done[-1].target, self.counts)
            if problem:
                self._keep(problem, done)
                self.site.renew()
                done.clear()

    def attempt(
        self, step: Step, asked: Target, counts: Counts | None = None
    ) -> Problem | None:
        """Send a hostile request; return what is wrong then, or None.

        Innocent readers ask for `asked`, and for the request's own target.
        """
        message = mutations.apply(step.mutations, step.target, self._tokens())
        counts = counts or Counts()
        wrong = self._send(message, step, counts)
        # What others get is worse than what the asker gets.
        return self._innocents(asked.encode(), message, counts) or wrong

    def _send(self, message: Message, step: Step, counts: Counts) -> Problem | None:
        send = self.wire.ask_alone if message.alone else self.wire.ask
        try:
            answers = send(message.encode(), message.method)
        except (Unreadable, TimeoutError) as error:
            self.wire.close()
            return Problem(f"no answer that can be read: {error}")
        if not answers:
            counts.statuses["no answer"] += 1
        for answer in answers:
            counts.statuses[str(answer.status)] += 1
            counts.hostile_results[_result(answer)] += 1
        proxied = not self.site.uncached
        texts = [problem_of(each, proxied, message.alone) for each in answers]
        wrong = next(filter(None, texts), "")
        return Problem(wrong) if wrong else self._own_answer(step, answers)

    def _own_answer(self, step, answers):
        if not answers or not {m.kind for m in step.mutations} <= NEUTRAL:
            return None
        right = self.truth.ask(step.target.encode(), PLAIN[1])
        if right.status != 200 or step.target.path == b"/loans":
            # An error is the asker's alone, and so are their loans.
            return None
        mine = visible(answers[0]).without(OF_THE_ENCODING)
        wrong = mine.difference(right.without(OF_THE_ENCODING))
        return Problem(f"the asker's own answer: {wrong}") if wrong else None

    def _innocents(self, asked: bytes, message: Message, counts) -> Problem | None:
        checks = [(asked, encoding) for encoding in PLAIN]
        if message.encoded_target() not in (asked, b""):
            checks.append((message.encoded_target(), self.random.choice(PLAIN)))
        for target, encoding in checks:
            try:
                answer = self._ask(self.innocent, target, encoding)
            except (Unreadable, OSError) as error:
                self.innocent.close()
                return Problem(f"an innocent reader got no answer: {error}", target)
            counts.compared += 1
            counts.innocent_results[_result(answer)] += 1
            wrong = visible(answer).difference(self.truth.ask(target, encoding))
            if wrong:
                return Problem(f"an innocent reader's answer: {wrong}", target)
        return None

    def _ask(self, wire, target, encoding):
        return ask_plainly(wire, self.site.innocent.token, target, encoding)

    def _tokens(self):
        hostile, innocent = self.site.hostile, self.site.innocent
        return Tokens(hostile.token.encode(), innocent.token.encode())

    def _count(self, step):
        self.counts.requests += 1
        self.counts.kinds.update(mutation.kind for mutation in step.mutations)

    def _keep(self, problem: Problem, done: Sequence[Step]) -> None:
        """Keep a fault, with the shortest request that leads to it."""
        if self._is_known(problem, done[-1]):
            return
        victim = done[-1].target
        # Perhaps an earlier request of this round has led to it.
        for step in reversed(done):
            if self._leads_to(problem, step, victim):
                self.faults.append(self._fault(problem, self.shrink(step, victim)))
                return
        self.faults.append(self._fault(problem, done[-1], again=False))

    def _is_known(self, problem, step):
        kinds = {mutation.kind for mutation in step.mutations}
        for fault in self.faults:
            if fault.what == problem.what and kinds >= set(fault.kinds):
                fault.seen += 1
                return True
        return False

    def shrink(self, step: Step, victim: Target) -> Step:
        """Return the step without those mutations that its problem does not need."""
        problem = self._again(step, victim)
        for mutation in step.mutations:
            fewer = tuple(each for each in step.mutations if each != mutation)
            shorter = step._replace(mutations=fewer)
            if problem and fewer and self._leads_to(problem, shorter, victim):
                step = shorter
        return step

    def _leads_to(self, problem, step, victim):
        found = self._again(step, victim)
        return found is not None and found.what == problem.what

    def _again(self, step, victim):
        self.site.renew()
        return self.attempt(step, victim)

    def _fault(self, problem, step, again=True):
        tokens = Tokens(OWN, OTHER)
        request = mutations.apply(step.mutations, step.target, tokens).encode()
        kinds = tuple(mutation.kind for mutation in step.mutations)
        victim = problem.victim.decode("latin-1")
        return Fault(problem.what, victim, kinds, request, again)


def _result(answer):
    return answer.header("X-Cache").partition(";")[0].lower() or "none"
