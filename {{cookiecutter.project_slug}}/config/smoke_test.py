"""Uses the API on this machine as a reader would: `python -m config.smoke_test`.

It reads the list of books, then the tags until they come from the cache, and then
writes. It exits with 0, or with 1 and one line that says what failed. deploy.sh runs it
in a new release's container before readers come there. The reader is made for it and
removed afterwards.
"""

import http.client
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

import django
from django.conf import settings
from django.db import DatabaseError

from config.healthcheck import PATH as HEALTH
from config.healthcheck import accepted_host

EMAIL = "smoke-test@example.invalid"
# Librarians change books all the time, so the list often comes from the database.
LIST, RARELY_CHANGED = "/api/v1/books", "/api/v1/tags"
# Seconds until that must have come from the cache once, after the lease: so long a new
# Redis is in quarantine.
CACHE_SECONDS = 25
ANSWER_SECONDS = 20


class SmokeTestError(Exception):
    """The API can't be used; the message says why in one line."""


@dataclass
class Client:
    """Sends requests with a reader's access token to the API at `port`."""

    port: int
    token: str

    def send(self, method: str, path: str, document: Any = None) -> HTTPResponse:
        """Return the answer, whose body is read by `read()`. Raises SmokeTestError."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=ANSWER_SECONDS
        )
        body = None if document is None else json.dumps(document)
        try:
            connection.request(method, path, body, self._headers())
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise SmokeTestError(f"{method} {path}: no answer: {error}") from error

    def _headers(self) -> dict[str, str]:
        from rest_framework_simplejwt.settings import api_settings

        scheme = api_settings.AUTH_HEADER_TYPES[0]
        return {
            "Host": accepted_host(),
            "Authorization": f"{scheme} {self.token}",
            "Content-Type": "application/json",
            # As the proxy says it: else the answer would be a redirect.
            "X-Forwarded-Proto": "https" if settings.USE_HTTPS else "http",
        }

    def demand(self, status: int, *request: Any) -> HTTPResponse:
        """Return the answer, which must have this status. Raises SmokeTestError."""
        answer = self.send(*request)
        if answer.status != status:
            body = answer.read(300).decode(errors="replace").strip()
            said = f"answers {answer.status}, not {status}: {body}"
            raise SmokeTestError(f"{request[0]} {request[1]} {said}")
        return answer


@contextmanager
def a_reader() -> Iterator[dict[str, str]]:
    """Make a reader without a password, yield new tokens, and remove the reader."""
    from users import families
    from users.models import User

    # One may be left of a deploy that was killed.
    User.objects.filter(email=EMAIL).delete()
    user = User(email=EMAIL, username="smoke-test")
    user.set_unusable_password()
    user.save()
    try:
        yield families.begin(user=user)
    finally:
        User.objects.filter(pk=user.pk).delete()


def use(client: Client, refresh_token: str) -> None:
    """Read and write as a reader would. Raises SmokeTestError."""
    health = client.demand(200, "GET", HEALTH).read().decode()
    if json.loads(health)["status"] != "ok":
        raise SmokeTestError(f"the health check says {health}")
    client.demand(200, "GET", LIST).read()
    read_from_the_cache(client, RARELY_CHANGED)
    client.demand(204, "POST", "/api/v1/auth/logout", {"refresh_token": refresh_token})


def read_from_the_cache(client: Client, path: str) -> None:
    """Read until an answer comes from the cache. Raises SmokeTestError."""
    deadline = time.monotonic() + settings.CACHING["lease"] + CACHE_SECONDS
    while (said := client.demand(200, "GET", path).headers["X-Cache"]) != "HIT":
        if time.monotonic() > deadline:
            raise SmokeTestError(
                f"GET {path} never comes from the cache: X-Cache says {said}"
            )
        time.sleep(0.1)


def main() -> None:
    """Exit with one line if the API can't be used."""
    try:
        with a_reader() as tokens:
            port = int(os.environ.get("PORT", "8000"))
            use(Client(port, tokens["access_token"]), tokens["refresh_token"])
    except SmokeTestError as error:
        sys.exit(str(error))
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        sys.exit(f"nothing can be written to the database: {reason}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main()
