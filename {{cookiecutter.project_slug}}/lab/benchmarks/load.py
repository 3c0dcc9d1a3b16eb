"""Clients that ask side by side, and cost little: they share the machine.

With a thread for each of eight, an answer costs the clients a sixth of a hit's CPU time
(measured: 0.13 ms). So one thread asks for all of them (0.05 ms): whoever has its
answer asks again, as with wrk.
"""

import selectors
import time
from collections.abc import Callable, Sequence

from lab.benchmarks.client import FINE, Connection, WrongAnswer
from lab.harness.clients import size_of


def load(
    connections: Sequence[Connection],
    request: bytes,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """Send a request on each connection again and again; return how many were answered.

    Each connection, open already, is asked for `seconds` (of `clock`, which is looked
    at before the first and after each answer), and at least once. Raises
    WrongAnswer for any answer but 2xx, and OSError if a connection ends, or if none has
    a byte within its timeout.
    """
    count, deadline = 0, clock() + seconds
    timeout = connections[0].timeout
    with selectors.DefaultSelector() as selector:
        for each in connections:
            client = Client(each, request)
            selector.register(each.socket, selectors.EVENT_READ, client)
            client.ask()
        while selector.get_map():
            ready = selector.select(timeout)
            if not ready:
                raise TimeoutError(f"no answer within {timeout} seconds")
            for key, _ in ready:
                if not key.data.has_answer():
                    continue
                count += 1
                if clock() < deadline:
                    key.data.ask()
                else:
                    selector.unregister(key.fileobj)
    return count


class Client:
    """Asks for the same thing on one connection, and keeps no answer."""

    def __init__(self, connection: Connection, request: bytes) -> None:
        self.connection, self.request = connection, request
        # What has come, and how many bytes are missing once that is known.
        self.begun, self.missing = b"", None

    def ask(self) -> None:
        """Send the request."""
        self.begun, self.missing = b"", None
        self.connection.socket.sendall(self.request)

    def has_answer(self) -> bool:
        """Take in what has come; return whether the answer is whole."""
        data = self.connection.receive()
        if self.missing is not None:
            self.missing -= len(data)
            return self.missing <= 0
        self.begun += data
        if not (size := size_of(self.begun)):
            return False
        if not self.begun.startswith(FINE):
            raise WrongAnswer(f"{self.request[:80]!r}: {self.begun[:300]!r}")
        self.missing = size - len(self.begun)
        return self.missing <= 0
