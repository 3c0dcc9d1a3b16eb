"""Free TCP ports, for servers that may start much later."""

import itertools
import os
import random
import socket

# Below the ephemeral ports of Linux and macOS, and not those of tools/ports.py. Each
# worker of pytest-xdist chooses from its share.
LOWEST, SHARE, SHARES = 26_000, 500, 12
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
FIRST = LOWEST + WORKER % SHARES * SHARE
_turns = itertools.cycle(
    random.SystemRandom().sample(range(FIRST, FIRST + SHARE), SHARE)
)


def free_port():
    """Return a port that is free; each call in a process returns another one."""
    return next(filter(_is_free, _turns))


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
