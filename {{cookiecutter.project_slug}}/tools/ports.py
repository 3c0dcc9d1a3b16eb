"""Free TCP ports, for the servers of tests and rehearsals."""

import itertools
import random
import socket

# Below the ephemeral ports of Linux and macOS, which another program could get before
# the server starts. So is the port 10,000 above: a Redis in cluster mode uses both.
PORTS = range(10_000, 16_000)
_turns = itertools.cycle(random.SystemRandom().sample(PORTS, len(PORTS)))


def free_port():
    """Return a port that is free; each call in a process returns another one."""
    return next(filter(is_free, _turns))


def is_free(port):
    """Return whether a server could listen there, on this machine alone."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
