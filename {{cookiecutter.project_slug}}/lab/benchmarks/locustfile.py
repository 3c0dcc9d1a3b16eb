"""Load from Locust (https://locust.io), for those who prefer it.

`make run` and `make seed` in one terminal, `make locust` in another; then open the
address that it prints. Without a browser:

    make locust ARGS="--headless --users 8 --run-time 30s"

A reader is registered and logged in when the load begins. All simulated users share its
token, because logging in is limited to ten times a minute. When the token has expired,
the first user who is refused logs in again for all.
"""

import random
import threading
from secrets import token_hex

import requests
from locust import HttpUser, between, events, task

FILTERS = ["", "title=river", "author=kim", "tag=1&tag=2&tag_option=or", "tag=3"]
ORDERS = ["", "order_by=title", "order_by=-published_at"]


class Account:
    """A new reader, and the token of the last login. Raises RequestException."""

    def __init__(self, host):
        name = f"locust-{token_hex(4)}"
        self.api, self.lock, self.token = f"{host}/api/v1", threading.Lock(), ""
        self.login = {"email": f"{name}@example.com", "password": token_hex(12)}
        self._post("/users", {"username": name, **self.login})
        self.renew("")

    def renew(self, refused):
        """Log in, unless another user has since that token was refused."""
        with self.lock:
            if self.token == refused:
                self.token = self._post("/auth/login", self.login)["access_token"]

    def _post(self, path, document):
        answer = requests.post(f"{self.api}{path}", json=document)
        answer.raise_for_status()
        return answer.json()


@events.test_start.add_listener
def log_in(environment, **kwargs):
    """Register a new reader. Stops the run if that fails."""
    try:
        Reader.account = Account(environment.host)
    except requests.RequestException as problem:
        print(f"locust: no reader could log in: {problem}")
        environment.process_exit_code = 1
        environment.runner.quit()


class Reader(HttpUser):
    """Looks at lists more often than at single books."""

    wait_time = between(0.05, 0.5)
    account = None

    def on_start(self):
        """Begin without having seen a list."""
        self.books = []

    @task(4)
    def look_for_books(self):
        """Read the first pages of a list."""
        query = f"page_size=20&page={random.randint(1, 3)}&{random.choice(ORDERS)}"
        path = f"/api/v1/books?{query}&{random.choice(FILTERS)}"
        # With a filter there may be fewer pages.
        answer = self.read(path, "/books", accepted={404})
        if answer.status_code == 200:
            self.books = [book["book_id"] for book in answer.json()["results"]]

    @task(1)
    def open_a_book(self):
        """Read one of the books that were on the last list."""
        if self.books:
            self.read(f"/api/v1/books/{random.choice(self.books)}", "/books/{book_id}")

    def read(self, path, name, accepted=frozenset()):
        """Return the answer; log in again if the token has expired."""
        token = self.account.token
        answer = self._read(path, name, token, accepted | {401})
        if answer.status_code == 401:
            self.account.renew(token)
            answer = self._read(path, name, self.account.token, accepted)
        return answer

    def _read(self, path, name, token, accepted):
        shown = {"Authorization": f"Bearer {token}"}
        told = {"name": name, "headers": shown, "catch_response": True}
        with self.client.get(path, **told) as answer:
            if answer.status_code in accepted:
                answer.success()
        return answer
