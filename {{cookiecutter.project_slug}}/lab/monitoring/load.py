"""Requests whose number is known: the load counts what it sent and what came back."""

import threading
from collections import Counter
from secrets import token_hex
from typing import Any

from lab.harness.clients import Answer, Connection

API = "/api/v1"
# Routes as Django spells them, and the views of caching.
BOOKS, BOOK = f"{API}/books", f"{API}/books/<int:book_id>"
VIEWS = {
    BOOKS: "books:list",
    BOOK: "books:detail",
    f"{API}/books/<int:book_id>/tags": "books:tags",
    f"{API}/tags": "tags:list",
}
LOANS, LOAN = f"{API}/loans", f"{API}/loans/<int:loan_id>"
LOGIN = f"{API}/auth/login"


class Load:
    """Sends requests to the API at `address`, and keeps count of the answers.

    `routes` are {route: requests}, `statuses` {status: answers}, `reads` {(view,
    X-Cache): answers}, and `provoked` are events that the API counts, too.
    """

    def __init__(self, address: str) -> None:
        self.address, self.lock = address, threading.Lock()
        self.routes, self.statuses = Counter(), Counter()
        self.reads, self.provoked = Counter(), Counter()
        self.tokens: dict[str, str] = {}

    def log_in(self, name: str, **login: str) -> None:
        """Keep a token for `name`."""
        answer = self.ask("POST", "/auth/login", LOGIN, login)
        self.tokens[name] = answer.document["access_token"]

    def sign_up(self, name: str) -> dict[str, str]:
        """Register a reader of this name; return how to log in."""
        login = {"email": f"{name}@example.com", "password": token_hex(12)}
        self.ask("POST", "/users", f"{API}/users", {"username": name, **login})
        return login

    def ask(
        self, method: str, path: str, route: str, document: Any = None, **headers: str
    ) -> Answer:
        """Send a request on a connection of its own, as the reader; count its answer.

        `who="librarian"` sends it with that token.
        """
        token = self.tokens.get(headers.pop("who", "reader"), "")
        with Connection(self.address, token) as connection:
            if method == "GET":
                answer = connection.get(path, **headers)
            else:
                answer = connection.send(method, path, document)
        self._count(route, answer)
        return answer

    def _count(self, route: str, answer: Answer) -> None:
        with self.lock:
            self.routes[route] += 1
            self.statuses[str(answer.status)] += 1
            # What follows the first word says why it was bypassed.
            result = answer.header("X-Cache").partition(";")[0]
            if result:
                self.reads[VIEWS[route], result] += 1
            self.provoked["304"] += answer.status == 304

    def by_result(self) -> Counter[str]:
        """Return {X-Cache: answers}."""
        results: Counter[str] = Counter()
        for (_, result), number in self.reads.items():
            results[result] += number
        return results

    def hit_ratios(self) -> dict[str, float]:
        """Return {view: share of hits}."""
        total: Counter[str] = Counter()
        for (view, _), number in self.reads.items():
            total[view] += number
        return {view: self.reads[view, "HIT"] / total[view] for view in total}

    def unlike_200(self) -> dict[str, int]:
        """Return {status: answers}, but for 200."""
        return {code: n for code, n in self.statuses.items() if code != "200"}

    def read(self, times: int) -> None:
        """Read each cached view so often; and once more what one has already."""
        for number in range(times):
            tag = self.ask("GET", f"/books?page_size={5 + number % 2}", BOOKS)
            self.ask("GET", f"/books/{1 + number % 3}", BOOK)
            self.ask("GET", "/books/1/tags", f"{BOOK}/tags")
            self.ask("GET", "/tags", f"{API}/tags")
            seen = {"If_None_Match": tag.header("ETag")}
            self.ask("GET", f"/books?page_size={5 + number % 2}", BOOKS, **seen)

    def write(self, stock: int = 3) -> None:
        """Change a book, as the librarian."""
        changed = {"stock": stock}
        self.ask("PATCH", "/books/2", BOOK, changed, who="librarian")
        self.provoked["writes"] += 1

    def borrow(self) -> None:
        """Borrow all copies of a book, fail to borrow one more, return them."""
        self.write(stock=1)
        loan = self.ask("POST", "/loans", LOANS, {"book_id": 2}).document
        refused = self.ask("POST", "/loans", LOANS, {"book_id": 2})
        back = {"is_returned": True}
        self.ask("PATCH", f"/loans/{loan['loan_id']}", LOAN, back)
        self.provoked.update(borrowed=1, returned=1)
        self.provoked["no copy left"] += refused.status == 409

    def err(self) -> None:
        """Ask for what is not there, log in wrongly, and send too large a body."""
        self.ask("GET", f"/nowhere/{token_hex(4)}", "unknown")
        self.ask("GET", "/loans/999999", LOAN)
        login = {"email": "reader@example.com", "password": "wrong"}
        self.ask("POST", "/auth/login", LOGIN, login)
        self.provoked["failed logins"] += 1
        self._too_large()

    def _too_large(self) -> None:
        # Refused by its head: nothing that counts requests hears of it.
        with Connection(self.address) as connection:
            head = connection.request("POST", "/token/refresh", Content_Length="99999")
            connection.exchange(head)
        self.provoked["413"] += 1


def crowd(load: Load, readers: int) -> list[threading.Thread]:
    """Let so many read the same list at once; return their threads, started."""
    ask = ("GET", "/books?page_size=7", BOOKS)
    threads = [threading.Thread(target=load.ask, args=ask) for _ in range(readers)]
    for thread in threads:
        thread.start()
    return threads
