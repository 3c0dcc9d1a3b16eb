"""Steady load: so many requests a second, each on its own connection."""

import asyncio
import collections
import dataclasses
import itertools
import threading
import time

import httpx

from books.isbn import check_digit
from tools.polling import wait_until

RATE = 50  # requests a second
TIMEOUT = 60  # seconds
# If the machine is too slow for the rate, requests wait here, not in the server's
# queues. The report shows how many were sent in a second.
MOST_AT_ONCE = 100
PUBLISHER = "rehearsal"
# Of ten requests, six list books, two add one, and two ask which release answers.
MIX = (
    "list",
    "write",
    "list",
    "health",
    "list",
    "list",
    "write",
    "list",
    "health",
    "list",
)
PREFIX = 978_100_000_000


@dataclasses.dataclass
class Answer:
    """One request and its result; times are seconds since the epoch."""

    kind: str
    sent: float
    done: float = 0.0
    status: int = 0
    error: str = ""
    # What an answer of 400 or more says of itself, and who sent it.
    reason: str = ""
    release: str = ""
    isbn: str = ""

    @property
    def failed(self):
        """Whether there was no answer, or one with a status of 400 or more."""
        return bool(self.error) or self.status >= 400


def isbn13(number):
    """Return the `number`th ISBN of the rehearsal, with its check digit."""
    digits = str(PREFIX + number)
    return digits + check_digit(digits)


class Load:
    """Sends up to `rate` requests a second to `url` from `start()` to `stop()`.

    A request does not wait for the answers to earlier ones, unless MOST_AT_ONCE of them
    are missing; it fails after `timeout` seconds. None is repeated, so each failure is
    counted. Its books are those from the `first` ISBN on (see isbn13). `rate` may be
    changed meanwhile.
    """

    def __init__(self, url, token, rate=RATE, timeout=TIMEOUT, first=1):
        self.url = url
        self.token = token
        self.rate, self.timeout = rate, timeout
        self.answers = []
        self._numbers = itertools.count(first)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send_all()))

    def start(self):
        """Begin to send, in a thread; return self."""
        self._thread.start()
        return self

    def stop(self):
        """Send no more requests, and wait for the last answer."""
        self._stopping.set()
        self._thread.join()

    def resumed(self):
        """Return a Load that goes on after stop(), with the answers so far."""
        again = Load(self.url, self.token, self.rate, self.timeout)
        again.answers, again._numbers = self.answers, self._numbers
        return again.start()

    async def _send_all(self):
        fresh = httpx.Limits(max_keepalive_connections=0)
        options = {"limits": fresh, "timeout": self.timeout, "trust_env": False}
        async with httpx.AsyncClient(
            base_url=self.url + "/api/v1", **options
        ) as client:
            due, tasks = time.time(), set()
            for kind in itertools.cycle(MIX):
                await asyncio.sleep(max(0, due - time.time()))
                due += 1 / self.rate
                while len(tasks) >= MOST_AT_ONCE:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if self._stopping.is_set():
                    break
                task = asyncio.create_task(self._send(client, kind))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.gather(*tasks)

    async def _send(self, client, kind):
        answer = Answer(kind, sent=time.time())
        self.answers.append(answer)
        try:
            response = await getattr(self, f"_{kind}")(client, answer)
            answer.status = response.status_code
            answer.reason = _reason(response) if answer.failed else ""
            if kind == "health" and not answer.failed:
                answer.release = response.json()["release"]
        except (httpx.HTTPError, ValueError) as error:
            answer.error = type(error).__name__
        answer.done = time.time()

    def _headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    async def _list(self, client, answer):
        return await client.get("/books?page_size=20", headers=self._headers())

    async def _health(self, client, answer):
        return await client.get("/common/health-check")

    async def _write(self, client, answer):
        answer.isbn = isbn13(next(self._numbers))
        book = {
            "isbn": answer.isbn,
            "title": "Rehearsed",
            "author": "Load",
            "publisher": PUBLISHER,
            "stock": 1,
            "published_at": "2026-01-01",
            "tags": [],
        }
        return await client.post("/books", json=book, headers=self._headers())

    def between(self, began, ended):
        """Return the Answers to the requests sent in [began, ended); wait for the last.

        Raises TimeoutError.
        """
        chosen = [each for each in list(self.answers) if began <= each.sent < ended]
        wait_until(lambda: all(each.done for each in chosen), "the last answers")
        return chosen


def _reason(response):
    """Return the code of the API's error, and the worker; what is known of them."""
    try:
        code = response.json()["errors"][0]["code"]
    except (ValueError, LookupError, TypeError):
        code = f"from {response.headers.get('server', 'nobody')}"
    worker = response.headers.get("x-worker", "")
    return f"{code} {worker}".strip()


def summary(answers, began):
    """Return ([[seconds since `began`, kind, error or status], ...], {release: count}).

    The first are the failures; the count is that of the health checks it answered.
    """
    failures = [
        [
            round(each.sent - began, 1),
            each.kind,
            each.error or f"{each.status} {each.reason}".strip(),
        ]
        for each in answers
        if each.failed
    ]
    releases = collections.Counter(each.release for each in answers if each.release)
    return failures, dict(releases)


def acknowledged(answers):
    """Return the ISBNs of the books that the API answered to have stored (201)."""
    return {
        each.isbn for each in answers if each.kind == "write" and each.status == 201
    }
