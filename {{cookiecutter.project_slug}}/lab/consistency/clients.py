"""Readers and writers: threads that speak HTTP over connections they keep."""

import random
import threading
import traceback

from lab.consistency import library
from tests.polling import wait_until

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
                except OSError:
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
        headers = {"If_None_Match": etag} if asks else {}
        read = self.judge.begin()
        answer = self.api.get(path, **headers)
        if answer.status == 200:
            versions = library.versions_in(answer.document)
            self.known[path] = answer.header("ETag"), versions
        elif answer.status != 304:
            self.refused(path, answer)
            return
        told = {"source": source_of(answer), "worker": answer.header("X-Worker")}
        self.judge.end(read, versions, path=path, **told)


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
        except OSError:
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
            except OSError:
                self.stop.wait(PAUSE_AFTER_DROP)
                continue
            if count >= write.version:
                self.judge.acknowledges(subject, write)
            else:
                self.judge.forgets(subject, write)
            return
