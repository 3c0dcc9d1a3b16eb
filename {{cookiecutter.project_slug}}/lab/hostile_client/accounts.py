"""Who asks: a librarian, an innocent reader, a hostile one."""

import time
from random import randrange

from lab.harness.clients import Connection
from tests import live

# Seconds after which to log in again: an access token lives for 15 minutes.
FRESH = 600
PASSWORD = "only for the hostile client"


class Account:
    """Somebody with a password, who has a fresh token at any time."""

    def __init__(self, address: str, email: str, password: str) -> None:
        self.address, self.email, self.password = address, email, password
        self.since, self._token = -float("inf"), ""
        self._connection: Connection | None = None

    @property
    def token(self) -> str:
        """An access token that will live for some minutes."""
        if time.monotonic() > self.since + FRESH:
            self._token = live.log_in(self.address, self.email, self.password)
            self.since = time.monotonic()
            self.close()
        return self._token

    def connection(self) -> Connection:
        """Return this account's Connection."""
        token = self.token
        self._connection = self._connection or Connection(self.address, token)
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None


def register(address: str, name: str) -> Account:
    """Register a new reader; return the Account."""
    name = f"{name}-{randrange(10**9)}"
    given = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    live.send(f"{address}/users", given)
    return Account(address, given["email"], PASSWORD)
