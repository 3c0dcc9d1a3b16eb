"""The faults, and the phases in which they are injected.

Some happen inside the API's processes, at named points (fault_points.py); they are set
when a process starts. The others happen to Redis, one after the other.
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

# Seconds, at random between the two: how long most faults last, and the calm after.
LENGTH, CALM = (0.1, 1.5), (0.5, 6)
FILLER = 2048
# Shorter than the default, so that more failures and recoveries fit into a test.
LEASE = 2
# The life of an entry (by default), and a margin for a reader who stores one late: its
# process may have died.
BOUND = 180 + LEASE
# Every other process notices that Redis refuses writes (`writable_check`, by default).
UNTIL_NOTICED = 1
SLOW = "before-keep:sleep:0.1:0.15"
KILLED = "after-commit:kill:0.02"


@contextlib.contextmanager
def suspended(environment):
    """Redis does not answer; it carries out later what was sent to it."""
    environment.redis.server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        environment.redis.server.send(signal.SIGCONT)


@contextlib.contextmanager
def restarted(environment):
    """Redis is stopped, and starts again empty."""
    environment.redis.close()
    try:
        yield
    finally:
        environment.redis.start()


@contextlib.contextmanager
def evicting(environment):
    """Redis is full, and evicts keys that were not used lately."""
    client = environment.redis.client
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


@contextlib.contextmanager
def read_only(environment):
    """Redis is a replica, whose primary is away: it answers, and refuses writes."""
    environment.redis.client.replicaof("127.0.0.1", "1")
    try:
        yield
    finally:
        environment.redis.client.replicaof("NO", "ONE")


@contextlib.contextmanager
def full(environment):
    """Redis is full and evicts nothing: it answers, and refuses writes."""
    client = environment.redis.client
    [policy] = client.config_get("maxmemory-policy").values()
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", policy)


def _fill(client, stop):
    while not stop.wait(0.02):
        for _ in range(16):
            with contextlib.suppress(OutOfMemoryError):
                client.set(f"filler:{random.random()}", os.urandom(FILLER), px=500)


def _by_the_proxy(command):
    @contextlib.contextmanager
    def fault(environment):
        environment.proxy.send(command)
        try:
            yield
        finally:
            environment.proxy.send("pass")

    return fault


FAULTS = {
    "suspended": suspended,
    "restarted": restarted,
    "unreachable": _by_the_proxy("refuse"),
    "silent": _by_the_proxy("hold"),
    "flaky": _by_the_proxy("flaky"),
    "evicting": evicting,
    "read-only": read_only,
    "full": full,
}


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the test: the faults of Redis, and those inside the processes.

    `length`: the shortest and the longest fault, in seconds. `bound`: for how many
    seconds a pending invalidation may explain stale reads. With one of the `writers`,
    the other worker process only reads.
    """

    name: str
    faults: tuple = ()
    points: str = ""
    length: tuple = LENGTH
    bound: float = BOUND
    writers: int = 4


# Each fault lasts longer than other processes may serve what could not be invalidated.
REFUSING = Phase(
    "Redis refuses writes",
    ("read-only", "full"),
    length=(2, 4),
    bound=UNTIL_NOTICED,
    writers=1,
)
PHASES = (
    Phase("calm"),
    Phase("slow readers", points=SLOW),
    Phase("killed workers", points=KILLED),
    Phase("Redis suspended", ("suspended",)),
    Phase("Redis restarted", ("restarted",)),
    Phase("Redis unreachable", ("unreachable", "silent")),
    Phase("Redis flaky", ("flaky",)),
    Phase("Redis evicting", ("evicting",)),
    REFUSING,
    Phase("everything", tuple(FAULTS), f"{SLOW} {KILLED}"),
)


class FaultInjector(threading.Thread):
    """Injects one fault after the other until ended; each is healed.

    Sets `stop` if it breaks down. `healed` are the times at which faults ended.
    """

    def __init__(self, environment, phase, stop):
        super().__init__(daemon=True)
        self.environment, self.phase, self.stop = environment, phase, stop
        self.over, self.counts, self.healed = threading.Event(), Counter(), []
        self.failure = ""

    def run(self):
        """Inject a fault, heal it, and wait for a while."""
        names = self.phase.faults
        turns = itertools.cycle(random.sample(names, len(names)))
        try:
            while names and not self.over.wait(random.uniform(*CALM)):
                name = next(turns)
                with FAULTS[name](self.environment):
                    self.over.wait(random.uniform(*self.phase.length))
                self.healed.append(time.monotonic())
                self.counts[name] += 1
        except Exception:
            self.failure = traceback.format_exc()
            self.stop.set()

    def end(self):
        """Heal the last fault and inject no more."""
        self.over.set()
        self.join()
