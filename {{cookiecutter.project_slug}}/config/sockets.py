"""What the worker does with a client's connection."""

import select
import socket
import struct
from contextlib import suppress
from typing import Any

# A client that takes in nothing of its answer for so many seconds loses it.
SEND_SECONDS = 10
# An answer fits into it (bytes), so that no thread waits for a slow reader.
SEND_BUFFER = 256 * 1024


def received(client: socket.socket) -> bytes | None:
    """Return what has come; None if nothing has, b"" if nothing more will."""
    try:
        data: bytes = client.recv(64 * 1024)
    except BlockingIOError:
        return None
    except OSError:
        return b""
    return data


def limit_sending(client: socket.socket) -> None:
    """Let no thread wait long for a client that takes nothing in."""
    seconds = struct.pack("ll", SEND_SECONDS, 0)
    with suppress(OSError):  # the client has gone
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)


def has_room(client: socket.socket) -> bool:
    """Return whether something can be sent without waiting."""
    poller = select.poll()
    poller.register(client, select.POLLOUT)
    return bool(poller.poll(0))


def send(client: socket.socket, data: bytes) -> bool:
    """Send to a client; return whether it is there, and has room for all of it."""
    try:
        client.sendall(data)
    except OSError:
        return False
    return True


class Collected:
    """A client's socket that keeps what is sent on it, to be sent in one piece."""

    def __init__(self, client: socket.socket) -> None:
        self.client, self.data = client, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def setblocking(self, flag: bool) -> None:
        """Change nothing: nothing is received or sent here."""

    def sendall(self, data: bytes) -> None:
        """Keep the data."""
        self.data += data
