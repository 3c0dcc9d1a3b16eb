"""Prints the shortest timelines of the model checker as JSON, with every state.

    python -c "$(cat docs/tools/tracing.py)" RUNG …

runs in a rendered project, by its Python: docs/tools/timelines.py does so. Each
timeline is {"title", "steps", "wrong"}; a step is {"who", "does", "state"}, and its
state are pairs of what there is, and how it is after the step.
"""

import json
import os
import re
import sys
from unittest import mock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from caching import stamps
from lab.model_checker.ladder import SEARCHED, Untold, found_on
from lab.model_checker.state import ENTRY, SCENARIOS, intents
from lab.model_checker.timeline import HEADINGS
from lab.model_checker.world import Move

NUMBERED = re.compile(r"w(\d+)")
WRITERS = {
    "idle": "waits",
    "writing": "in its transaction",
    "committed": "committed, not finished",
    "rolled back": "rolled back, not finished",
    "done": "done",
}


def timeline(name):
    """Return the timeline of one rung, as JSON has it."""
    title, world = SEARCHED[name]
    told = Told(stamped=world.store_class is not Untold)
    trace = found_on(name).trace
    moving = {move.who for move in trace} - {"world"}
    people = [who for who in HEADINGS if who in moving]
    steps = [told.step(move, people) for move in (beginning(world), *trace)]
    last = trace[-1]
    got, now = version(last.does), database(last.state)
    wrong = {"says": f"{last.who} got {got}, the database has {now}", "who": last.who}
    return {"title": title, "steps": steps, "wrong": wrong}


def beginning(world):
    """Return the state before the first step, as a move of nobody."""
    made = world(SCENARIOS[0])
    with mock.patch.object(stamps, "new_token", made.new_token):
        return Move("", "the start", made.start())


def database(state):
    return f"version {len(state.committed)}"


def version(text):
    return re.search(r"version \d+", text)[0]


class Told:
    """Tells states in words. Tokens are letters, in the order that they appear in."""

    def __init__(self, *, stamped):
        self.stamped, self.letters = stamped, {}
        self.was = {}

    def step(self, move, people):
        """Return a move, and everything that the timeline shows after it."""
        state = [("database", database(move.state))]
        if self.stamped:
            state.append(("cached stamp", self.stamp(dict(move.state.tables))))
        state.append(("cached entry", self.entry(dict(move.state.kept))))
        state += [(who, self.person(move, who)) for who in people]
        return {"who": move.who, "does": move.does, "state": state}

    def stamp(self, tables):
        if "books" not in tables:
            return "lost"
        writers = [
            f"writer {int(NUMBERED.fullmatch(who)[1]) + 1}"
            for who in intents(tables["books"])
        ]
        token = self.token(tables["books"].split(" ")[1])
        return f"{token}, intent of {', '.join(writers)}" if writers else token

    def token(self, token):
        if token.startswith("generation-"):
            return token.replace("-", " ")
        letter = self.letters.setdefault(token, chr(ord("A") + len(self.letters)))
        return f"stamp {letter}"

    def entry(self, kept):
        if ENTRY not in kept:
            return "none"
        head, _, body = kept[ENTRY][0].decode().splitlines()
        return self.under(f"version {body}", head.split(" ")[0])

    def under(self, text, token):
        return f"{text} under {self.token(token)}" if self.stamped else text

    def person(self, move, who):
        kind, number = who.split(" ")
        people = move.state.writers if kind == "writer" else move.state.readers
        one = people[int(number) - 1]
        if move.who == who:
            tell = self.writer if kind == "writer" else self.reader
            self.was[who] = tell(one, move)
        return self.was.get(who, "waits")

    def writer(self, writer, move):
        return "crashed" if move.does == "CRASHES" else WRITERS[writer.at]

    def reader(self, reader, move):
        if move.result:
            return f"has {version(move.does)}"
        if reader.at == "keeping":
            held = self.under(f"holds version {reader.answer.text}", reader.version)
            return f"{held}, keeps it next"
        if reader.at == "asking" and self.stamped:
            return f"saw {self.token(reader.version)}, queries next"
        return {"asking": "queries next", "opening": "opens the stamps next"}[reader.at]


json.dump({name: timeline(name) for name in sys.argv[1:]}, sys.stdout)
