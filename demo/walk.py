"""The walk: what a person tries first, and what each answer should be."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import date

import httpx

API = "/api/v1"
TIMEOUT_SECONDS = 60
STEPS = []


@dataclass(frozen=True)
class Outcome:
    """One row of the table. `verdict` is "right", "wrong" or "not tried"."""

    title: str
    verdict: str
    note: str
    request: str = ""
    status: int | None = None
    milliseconds: float | None = None


class Wrong(Exception):
    """An answer that is not what it should be, in words."""


class NotTried(Exception):
    """A step needs a value that an earlier step did not get."""


class Found(dict):
    """The values that the steps have got so far."""

    def __missing__(self, name):
        raise NotTried(f"needs the {name} of an earlier step")


@dataclass
class Visit:
    """One walk through a running API: its client, its accounts, its values."""

    client: httpx.Client
    librarian: dict
    reader: dict
    other_reader: dict
    found: Found = field(default_factory=Found)
    request: str = ""
    response: httpx.Response | None = None
    milliseconds: float | None = None

    def send(self, method, path, *, expect, token=None, json=None):
        """Send one request and give its JSON; Wrong unless the status is `expect`."""
        self.request = f"{method} {path}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        started = time.perf_counter()
        self.response = self.client.request(
            method, API + path, headers=headers, json=json
        )
        self.milliseconds = (time.perf_counter() - started) * 1000
        if self.response.status_code != expect:
            raise Wrong(f"expected {expect}; {error_line(self.response)}")
        return self.response.json()


def walk(url, librarian):
    """Take every step against the API at `url`; yields each Outcome.

    `librarian` is the {"email", "password"} of a librarian that exists already.
    """
    with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        visit = Visit(client, librarian, new_reader("mina"), new_reader("jun"))
        for title, take in STEPS:
            yield outcome_of(title, take, visit)


def outcome_of(title, take, visit):
    """Take one step; give its Outcome, whatever the API answers."""
    visit.request, visit.response, visit.milliseconds = "", None, None
    try:
        verdict, note = "right", take(visit)
    except NotTried as reason:
        verdict, note = "not tried", str(reason)
    except Wrong as reason:
        verdict, note = "wrong", str(reason)
    except httpx.HTTPError as error:
        verdict, note = "wrong", f"no answer: {error}"
    except (LookupError, TypeError, ValueError) as error:
        verdict, note = "wrong", f"not the answer it should be: {error!r}"
    status = visit.response.status_code if visit.response is not None else None
    return Outcome(title, verdict, note, visit.request, status, visit.milliseconds)


def new_reader(name):
    """Give {"email", "username", "password"} of a reader who is not registered yet."""
    # Random, so that a walk also works on a database that has seen one before.
    username = f"{name}-{secrets.token_hex(3)}"
    password = secrets.token_urlsafe(12)
    email = f"{username}@example.com"
    return {"email": email, "username": username, "password": password}


def with_check_digit(first_twelve):
    """The 13 digits of the ISBN that starts with these twelve."""
    weighted = sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(first_twelve))
    return f"{first_twelve}{-weighted % 10}"


def new_isbn():
    """Give a valid ISBN-13, drawn at random."""
    return with_check_digit(f"978{secrets.randbelow(10**9):09}")


def error_line(response):
    """The first error of an answer in one line, whatever its shape."""
    try:
        error = response.json()["errors"][0]
        return f"{error['attr']}: {error['detail']}".removeprefix("None: ")
    except (LookupError, TypeError, ValueError):
        return f"got {response.text[:60]!r}"


def cache_word(response):
    """What X-Cache says; a project without the cache layer does not send it."""
    word = response.headers.get("X-Cache")
    return f"cache {word}" if word else "not cached"


def require(condition, otherwise):
    """Errors: Wrong, with these words, unless the condition is true."""
    if not condition:
        raise Wrong(otherwise)


def step(title):
    """Make a function a step. It takes the Visit and gives the row's note."""

    def add(take):
        STEPS.append((title, take))
        return take

    return add


def log_in(visit, person):
    """Log a person in; give the access token. Errors: Wrong."""
    pair = {"email": person["email"], "password": person["password"]}
    return visit.send("POST", "/auth/login", json=pair, expect=200)["access_token"]


def list_books(visit):
    """List 500 books as the reader; give them. Errors: Wrong, NotTried."""
    path = "/books?page_size=500"
    body = visit.send("GET", path, token=visit.found["reader token"], expect=200)
    require(len(body["results"]) == 500, f"{len(body['results'])} books, not 500")
    return body["results"]


@step("The service is healthy")
def health(visit):
    body = visit.send("GET", "/common/health-check", expect=200)
    require(body["status"] == "ok", f"status is {body['status']}")
    return f"database {body['database']}, cache {body['cache']}"


@step("A reader registers")
def register(visit):
    user = visit.send("POST", "/users", json=visit.reader, expect=201)
    require("password" not in user, "the answer shows the password")
    return user["email"]


@step("She logs in")
def reader_logs_in(visit):
    visit.found["reader token"] = log_in(visit, visit.reader)
    return "access, refresh tokens"


@step("She lists 500 books")
def list_first(visit):
    visit.found["books"] = list_books(visit)
    visit.found["list"] = visit.response.content
    return f"500 books, {cache_word(visit.response)}"


@step("The same list again")
def list_again(visit):
    before = visit.found["list"]
    list_books(visit)
    word = cache_word(visit.response)
    require(visit.response.content == before, "not the same list")
    require(word in ("cache HIT", "not cached"), f"{word}, not HIT")
    return f"same {len(before) // 1024} KB, {word}"


@step("She filters by two tags")
def filter_by_two_tags(visit):
    tagged = next(book for book in visit.found["books"] if len(book["tags"]) > 1)
    first, second = tagged["tags"][:2]
    path = f"/books?tag={first['tag_id']}&tag={second['tag_id']}&tag_option=and"
    body = visit.send("GET", path, token=visit.found["reader token"], expect=200)
    wanted = {first["tag_id"], second["tag_id"]}
    for book in body["results"]:
        tags = {tag["tag_id"] for tag in book["tags"]}
        require(wanted <= tags, f"book {book['book_id']} lacks one of the tags")
    require(body["count"] > 0, "no book, but one has both tags")
    return f"{body['count']} × {first['name']} and {second['name']}"


@step("The librarian logs in")
def librarian_logs_in(visit):
    visit.found["librarian token"] = log_in(visit, visit.librarian)
    return visit.librarian["email"].partition("@")[0]


@step("He adds a book, one copy")
def add_book(visit):
    book = {
        "isbn": new_isbn(),
        "title": "The Last Copy",
        "author": "A. Librarian",
        "publisher": "Demo Press",
        "stock": 1,
        "published_at": date.today().isoformat(),
        "tags": [],
    }
    token = visit.found["librarian token"]
    body = visit.send("POST", "/books", json=book, token=token, expect=201)
    require(body["stock"] == 1, f"stock is {body['stock']}, not 1")
    visit.found["book_id"] = body["book_id"]
    return f"book {body['book_id']}, stock 1"


@step("She borrows the last copy")
def borrow(visit):
    loan = {"book_id": visit.found["book_id"], "quantity": 1}
    token = visit.found["reader token"]
    body = visit.send("POST", "/loans", json=loan, token=token, expect=201)
    require(body["is_returned"] is False, "the loan counts as returned")
    visit.found["loan_id"] = body["loan_id"]
    return f"loan {body['loan_id']}"


@step("The list knows at once")
def list_is_fresh(visit):
    book_id = visit.found["book_id"]
    books = {book["book_id"]: book for book in list_books(visit)}
    require(book_id in books, f"book {book_id} is not in the list")
    require(books[book_id]["stock"] == 0, "an old stock in the list")
    return f"stock 0, {cache_word(visit.response)}"


@step("A second reader registers")
def register_other(visit):
    return visit.send("POST", "/users", json=visit.other_reader, expect=201)["email"]


@step("He logs in")
def other_reader_logs_in(visit):
    visit.found["other token"] = log_in(visit, visit.other_reader)
    return "access, refresh tokens"


@step("He is refused: none left")
def second_reader_is_refused(visit):
    loan = {"book_id": visit.found["book_id"]}
    token = visit.found["other token"]
    visit.send("POST", "/loans", json=loan, token=token, expect=409)
    return error_line(visit.response)


@step("The first reader returns it")
def give_back(visit):
    path = f"/loans/{visit.found['loan_id']}"
    returned = {"is_returned": True}
    token = visit.found["reader token"]
    body = visit.send("PATCH", path, json=returned, token=token, expect=200)
    require(body["is_returned"] is True, "the loan is still open")
    return f"at {body['returned_at'][:19]}"


@step("Now he can borrow it")
def second_reader_borrows(visit):
    loan = {"book_id": visit.found["book_id"]}
    token = visit.found["other token"]
    body = visit.send("POST", "/loans", json=loan, token=token, expect=201)
    return f"loan {body['loan_id']}"


@step("A bad page size is rejected")
def bad_input(visit):
    path = "/books?page_size=many"
    visit.send("GET", path, token=visit.found["reader token"], expect=400)
    line = error_line(visit.response)
    require("page_size" in line, f"the error does not name page_size: {line}")
    return line
