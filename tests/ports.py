"""Free TCP ports, also for servers that start long after their port was chosen."""

import itertools
import os
import random
import socket

# Below the ports that Linux and macOS lend by themselves, and not the rendered
# project's own (tools/ports.py). Each worker of pytest-xdist chooses from its share.
LOWEST, SHARE, SHARES = 26_000, 500, 12
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
FIRST = LOWEST + WORKER % SHARES * SHARE
_turns = itertools.cycle(
    random.SystemRandom().sample(range(FIRST, FIRST + SHARE), SHARE)
)


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
