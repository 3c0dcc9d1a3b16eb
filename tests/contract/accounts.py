"""The accounts of these tests, each with a client of its own."""

import secrets
import time
from dataclasses import dataclass
from functools import partialmethod

import httpx

TIMEOUT_SECONDS = 60
# An access token lives for 15 minutes, the tests may take longer.
TOKEN_SECONDS = 300


def client_of(url):
    """A client of the API at `url` that no proxy setting can divert."""
    return httpx.Client(
        base_url=f"{url}/api/v1",
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        # Shorter than the server's, so that it never closes one that is being reused.
        limits=httpx.Limits(max_connections=100, keepalive_expiry=1),
    )


@dataclass
class Account:
    """An account and its client; without an access token, that of a stranger."""

    client: httpx.Client
    email: str = ""
    username: str = ""
    password: str = ""
    user_id: int | None = None
    access_token: str = ""
    refresh_token: str = ""
    logged_in_at: float = 0

    def request(self, method, path, *, headers=(), **options):
        headers = dict(headers)
        if self.access_token:
            headers.setdefault("Authorization", f"Bearer {self.access_token}")
        return self.client.request(method, path, headers=headers, **options)

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")
    put = partialmethod(request, "PUT")
    patch = partialmethod(request, "PATCH")
    delete = partialmethod(request, "DELETE")

    @property
    def login(self):
        return {"email": self.email, "password": self.password}

    @property
    def registration(self):
        return self.login | {"username": self.username}

    def log_in(self):
        """Take a fresh pair of tokens."""
        response = self.client.post("/auth/login", json=self.login)
        assert response.status_code == 200, response.text
        tokens = response.json()
        self.access_token = tokens["access_token"]
        self.refresh_token = tokens["refresh_token"]
        self.logged_in_at = time.monotonic()
        return self

    def still_logged_in(self):
        """The same person, whose access token is good for this test."""
        old = time.monotonic() - self.logged_in_at > TOKEN_SECONDS
        return self.log_in() if old else self


def newcomer(client, name="reader"):
    """Someone with a name, an address and a password, not registered yet."""
    username = f"{name}-{secrets.token_hex(5)}"
    email = f"{username}@example.com"
    return Account(client, email, username, secrets.token_urlsafe(12))


def registered(person):
    """Register a newcomer and log them in."""
    response = person.client.post("/users", json=person.registration)
    assert response.status_code == 201, response.text
    person.user_id = response.json()["user_id"]
    return person.log_in()
