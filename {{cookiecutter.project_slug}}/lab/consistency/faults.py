"""What goes wrong, and when.

Two kinds: what happens inside the API's processes (the named points of faults.py, set
when they start) and what happens to Redis, one strike after the other.
"""

import contextlib
import itertools
import os
import random
import signal
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass

from redis.exceptions import OutOfMemoryError

# Seconds, at random between the two.
LENGTH, CALM = (0.1, 1.5), (0.5, 6)
FILLER = 2048
SLOW = "before-keep:sleep:0.1:0.15"
KILLED = "after-commit:kill:0.02"


@contextlib.contextmanager
def suspended(ground):
    """Redis is there and does not answer; what was sent is done later."""
    ground.redis.server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        ground.redis.server.send(signal.SIGCONT)


@contextlib.contextmanager
def restarted(ground):
    """Redis is gone and comes back empty."""
    ground.redis.close()
    try:
        yield
    finally:
        ground.redis.start()


@contextlib.contextmanager
def evicting(ground):
    """Redis is full, and forgets at random what was not used lately."""
    client = ground.redis.client
    limit = client.info("memory")["used_memory"] + 64 * FILLER
    client.config_set("maxmemory", limit)
    stop = threading.Event()
    filling = threading.Thread(target=_fill, args=(client, stop))
    filling.start()
    try:
        yield
    finally:
        stop.set()
        filling.join()
        client.config_set("maxmemory", 0)


def _fill(client, stop):
    while not stop.wait(0.02):
        for _ in range(16):
            with contextlib.suppress(OutOfMemoryError):
                client.set(f"filler:{random.random()}", os.urandom(FILLER), px=500)


def _told(command):
    @contextlib.contextmanager
    def told(ground):
        ground.proxy.tell(command)
        try:
            yield
        finally:
            ground.proxy.tell("pass")

    return told


STRIKES = {
    "suspended": suspended,
    "restarted": restarted,
    "unreachable": _told("refuse"),
    "silent": _told("hold"),
    "flaky": _told("flaky"),
    "evicting": evicting,
}


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the hunt: what goes wrong in it."""

    name: str
    strikes: tuple = ()
    points: str = ""


PHASES = (
    Phase("calm"),
    Phase("slow readers", points=SLOW),
    Phase("killed workers", points=KILLED),
    Phase("Redis suspended", ("suspended",)),
    Phase("Redis restarted", ("restarted",)),
    Phase("Redis unreachable", ("unreachable", "silent")),
    Phase("Redis flaky", ("flaky",)),
    Phase("Redis evicting", ("evicting",)),
    Phase("everything", tuple(STRIKES), f"{SLOW} {KILLED}"),
)


class Striker(threading.Thread):
    """Strikes in turn until ended, and always heals; sets `stop` if it breaks down."""

    def __init__(self, ground, names, stop):
        super().__init__(daemon=True)
        self.ground, self.names, self.stop = ground, names, stop
        self.over, self.counts, self.healed = threading.Event(), Counter(), []
        self.failure = ""

    def run(self):
        """Strike, heal, and leave time in between."""
        turns = itertools.cycle(random.sample(self.names, len(self.names)))
        try:
            while self.names and not self.over.wait(random.uniform(*CALM)):
                name = next(turns)
                with STRIKES[name](self.ground):
                    self.over.wait(random.uniform(*LENGTH))
                self.healed.append(time.monotonic())
                self.counts[name] += 1
        except Exception:
            self.failure = traceback.format_exc()
            self.stop.set()

    def end(self):
        """Heal and strike no more."""
        self.over.set()
        self.join()
