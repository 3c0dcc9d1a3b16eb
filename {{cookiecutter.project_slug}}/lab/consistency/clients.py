"""Readers and writers: threads, each with a connection of its own."""

import random
import threading
import traceback

from lab.consistency import library
from tools.polling import wait_until

PAUSE_AFTER_DROP = 0.05
NOT_MODIFIED_SHARE = 0.2


def source_of(answer):
    """Return where an answer comes from: hit, miss, bypass."""
    return answer.header("X-Cache").partition(";")[0].lower() or "uncached"


def warm(api, path):
    """Read until the answer comes from the cache; return it. Raises TimeoutError."""

    def hit():
        answer = api.get(path)
        return answer if source_of(answer) == "hit" else None

    return wait_until(hit, f"a cached answer to {path}")


class Client(threading.Thread):
    """Repeats its step until the event `stop` is set."""

    def __init__(self, api, checker, stop):
        super().__init__(daemon=True)
        self.api, self.checker, self.stop = api, checker, stop
        self.problems, self.failure = [], ""

    def run(self):
        """Repeat the step; stop all clients if it breaks down."""
        try:
            while not self.stop.is_set():
                try:
                    self.step()
                except OSError:
                    self.checker.count("dropped")
                    self.stop.wait(PAUSE_AFTER_DROP)
        except Exception:
            self.failure = traceback.format_exc()
            self.stop.set()
        finally:
            self.api.close()

    def note_error(self, path, answer):
        """Record an answer that is an error, such as status 500."""
        self.checker.count("errors")
        self.problems.append(f"{path}: {answer.status} {answer.body[:300]!r}")


class Reader(Client):
    """Reads paths at random, some with If-None-Match; the checker checks each read."""

    def __init__(self, api, checker, stop, paths):
        super().__init__(api, checker, stop)
        self.paths, self.known = paths, {}

    def step(self):
        """Read once."""
        path = random.choice(random.choice(self.paths))
        etag, versions = self.known.get(path, ("", {}))
        asks = etag and random.random() < NOT_MODIFIED_SHARE
        headers = {"If_None_Match": etag} if asks else {}
        read = self.checker.begin_read()
        answer = self.api.get(path, **headers)
        if answer.status == 200:
            versions = library.versions_in(answer.document)
            self.known[path] = answer.header("ETag"), versions
        elif answer.status != 304:
            self.note_error(path, answer)
            return
        told = {"source": source_of(answer), "worker": answer.header("X-Worker")}
        self.checker.end_read(read, versions, path=path, **told)


class Writer(Client):
    """Writes the next version of its subjects; the checker records each write."""

    def __init__(self, api, checker, stop, subjects, pause):
        super().__init__(api, checker, stop)
        self.subjects, self.pause = subjects, pause

    def step(self):
        """Write once, after a pause of random length (seconds, on average `pause`)."""
        self.stop.wait(random.expovariate(1 / self.pause))
        subject = random.choice(self.subjects)
        write = self.checker.begin_write(subject)
        try:
            answer = library.write(self.api, subject, write.version)
        except OSError:
            self._settle(subject, write)
            raise
        if answer.status in (200, 201):
            self.checker.acknowledge(subject, write)
        else:
            self.note_error(f"write {subject}", answer)
            self._settle(subject, write)

    def _settle(self, subject, write):
        # Nobody knows whether the write happened. A title's next version is right in
        # both cases; the number of loans is not.
        while subject.kind == "stock":
            try:
                count = library.count_loans(self.api, subject)
            except OSError:
                self.stop.wait(PAUSE_AFTER_DROP)
                continue
            if count >= write.version:
                self.checker.acknowledge(subject, write)
            else:
                self.checker.forget(subject, write)
            return
