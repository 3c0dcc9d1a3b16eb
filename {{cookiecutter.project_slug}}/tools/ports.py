"""Free TCP ports, for the servers of tests and rehearsals."""

import itertools
import random
import socket

# Below the ports that Linux and macOS lend by themselves, to clients and to servers
# that take any: one of those may be gone again by the time it is wanted. The port
# 10,000 above lies there, too: a Redis in cluster mode takes both.
PORTS = range(10_000, 16_000)
_turns = itertools.cycle(random.SystemRandom().sample(PORTS, len(PORTS)))


def free_port():
    """Return a port that nobody uses; each call of a process gives another one."""
    return next(filter(_is_free, _turns))


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
