"""Load from Locust (https://locust.io), for those who prefer it.

`make run` and `make seed` in one terminal, `make locust` in another; then open the
address that it prints. Without a browser:

    make locust ARGS="--headless --users 8 --run-time 30s"

A reader is registered and logged in when the load begins; all simulated users share
its token, because logging in is limited to ten times a minute.
"""

import random
from secrets import token_hex

import requests
from locust import HttpUser, between, events, task

FILTERS = ["", "title=river", "author=kim", "tag=1&tag=2&tag_option=or", "tag=3"]
ORDERS = ["", "order_by=title", "order_by=-published_at"]


@events.test_start.add_listener
def log_in(environment, **kwargs):
    """Register a new reader, and keep the token. Stops the run if that fails."""
    name, api = f"locust-{token_hex(4)}", f"{environment.host}/api/v1"
    reader = {"email": f"{name}@example.com", "password": token_hex(12)}
    try:
        made = requests.post(f"{api}/users", json={"username": name, **reader})
        made.raise_for_status()
        login = requests.post(f"{api}/auth/login", json=reader)
        login.raise_for_status()
        Reader.token = login.json()["access_token"]
    except requests.RequestException as problem:
        print(f"locust: no reader could log in: {problem}")
        environment.process_exit_code = 1
        environment.runner.quit()


class Reader(HttpUser):
    """Looks at lists more often than at single books."""

    wait_time = between(0.05, 0.5)
    token = ""

    def on_start(self):
        """Show the token with every request."""
        self.client.headers["Authorization"] = f"Bearer {self.token}"
        self.books = []

    @task(4)
    def look_for_books(self):
        """Read the first pages of a list."""
        query = f"page_size=20&page={random.randint(1, 3)}&{random.choice(ORDERS)}"
        path = f"/api/v1/books?{query}&{random.choice(FILTERS)}"
        with self.client.get(path, name="/books", catch_response=True) as answer:
            if answer.status_code == 404:
                # A filter may leave fewer pages.
                answer.success()
            elif answer.ok:
                self.books = [book["book_id"] for book in answer.json()["results"]]

    @task(1)
    def open_a_book(self):
        """Read one of the books that were on the last list."""
        if self.books:
            path = f"/api/v1/books/{random.choice(self.books)}"
            self.client.get(path, name="/books/{book_id}")
