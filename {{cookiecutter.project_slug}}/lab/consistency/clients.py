"""Readers and writers: threads that speak HTTP over connections they keep."""

import http.client
import json
import random
import threading
import time
import traceback
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab.consistency import library

# Longer than the API ever takes: after it nobody knows what became of a write.
TIMEOUT = 60
PAUSE_AFTER_DROP = 0.05
NOT_MODIFIED_SHARE = 0.2


class Dropped(Exception):
    """The connection ended before the answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self):
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def source(self):
        """Where a read was answered from: hit, miss, bypass."""
        return self.headers.get("X-Cache", "uncached").partition(";")[0].lower()


class Api:
    """One connection to the API, opened again whenever it was dropped."""

    def __init__(self, address, token=""):
        place = urlsplit(address)
        self.prefix, self.headers = place.path, {}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.connection = http.client.HTTPConnection(place.netloc, timeout=TIMEOUT)

    def send(self, method, path, body=None, **headers):
        """Return the Answer. Raises Dropped."""
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        headers |= self.headers
        try:
            self.connection.request(method, self.prefix + path, body, headers)
            answer = self.connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Dropped(str(error)) from error

    def close(self):
        """Close the connection."""
        self.connection.close()


def warm(api, path, seconds=60):
    """Read until the answer comes from the cache; return it. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = api.send("GET", path)
        if answer.source == "hit":
            return answer
        time.sleep(PAUSE_AFTER_DROP)
    raise TimeoutError(f"{path} was not answered from the cache within {seconds} s")


class Client(threading.Thread):
    """Does its step again and again until the crowd is stopped."""

    def __init__(self, api, judge, stop):
        super().__init__(daemon=True)
        self.api, self.judge, self.stop = api, judge, stop
        self.problems, self.failure = [], ""

    def run(self):
        """Step until stopped; stop everybody if this breaks down."""
        try:
            while not self.stop.is_set():
                try:
                    self.step()
                except Dropped:
                    self.judge.count("dropped")
                    self.stop.wait(PAUSE_AFTER_DROP)
        except Exception:
            self.failure = traceback.format_exc()
            self.stop.set()
        finally:
            self.api.close()

    def refused(self, path, answer):
        """Note an answer that should never be: a server error, above all."""
        self.judge.count("errors")
        self.problems.append(f"{path}: {answer.status} {answer.body[:300]!r}")


class Reader(Client):
    """Reads at random, sometimes only if something changed, and tells the judge."""

    def __init__(self, api, judge, stop, paths):
        super().__init__(api, judge, stop)
        self.paths, self.known = paths, {}

    def step(self):
        """Read once."""
        path = random.choice(random.choice(self.paths))
        etag, versions = self.known.get(path, ("", {}))
        asks = etag and random.random() < NOT_MODIFIED_SHARE
        headers = {"If-None-Match": etag} if asks else {}
        read = self.judge.begin()
        answer = self.api.send("GET", path, **headers)
        if answer.status == 200:
            versions = library.versions_in(answer.document)
            self.known[path] = answer.headers.get("ETag", ""), versions
        elif answer.status != 304:
            self.refused(path, answer)
            return
        worker = answer.headers["X-Worker"]
        self.judge.end(read, versions, path=path, source=answer.source, worker=worker)


class Writer(Client):
    """Makes the next version of its subjects, and tells the judge what it knows."""

    def __init__(self, api, judge, stop, subjects, pause):
        super().__init__(api, judge, stop)
        self.subjects, self.pause = subjects, pause

    def step(self):
        """Write once, after a pause of random length (seconds, on average `pause`)."""
        self.stop.wait(random.expovariate(1 / self.pause))
        subject = random.choice(self.subjects)
        write = self.judge.sends(subject)
        try:
            answer = library.write(self.api, subject, write.version)
        except Dropped:
            self._find_out(subject, write)
            raise
        if answer.status in (200, 201):
            self.judge.acknowledges(subject, write)
        else:
            self.refused(f"write {subject}", answer)
            self._find_out(subject, write)

    def _find_out(self, subject, write):
        # A title's next version is right either way; the number of loans is not.
        while subject.kind == "stock":
            try:
                count = library.count_loans(self.api, subject)
            except Dropped:
                self.stop.wait(PAUSE_AFTER_DROP)
                continue
            if count >= write.version:
                self.judge.acknowledges(subject, write)
            else:
                self.judge.forgets(subject, write)
            return
