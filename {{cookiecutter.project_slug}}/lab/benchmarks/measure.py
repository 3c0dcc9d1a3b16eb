"""What the questions share: turns, bursts of requests, and their figures."""

import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from lab.benchmarks.client import Connection, Refused, query_count
from lab.benchmarks.results import percentile
from tests.polling import wait_until

API = "/api/v1/books"
# The views of floors.py that others are held against, by the multiples' names.
FLOOR, BARE = "/floor/token/books", "/floor/bare/books"
FLOORS = {"floors": FLOOR, "bares": BARE}
AT_LEAST, MOST_BESIDE_ONE = 3, 5
# Seconds on one side before the other has its turn: long enough that the processor's
# caches are warm again, and short enough that the machine is still as fast.
MOMENT = 0.01


def bar(name, total):
    """Return a progress bar on a terminal; elsewhere a line says what begins."""
    made = tqdm(total=total, desc=name.ljust(12), disable=None)
    if made.disable:
        print(f"{name} ...", file=sys.stderr, flush=True)
    return made


def turns(name, rounds, cases, servers):
    """Yield (round, case, server) so that each round goes through all of them.

    Whatever else the machine does hits all strategies alike; who begins changes from
    round to round. Draws a progress bar.
    """
    pairs = [(case, server) for case in cases for server in servers]
    with bar(name, rounds * len(pairs)) as drawn:
        for number in range(rounds):
            first = number * len(pairs) // rounds
            for case, server in pairs[first:] + pairs[:first]:
                if server:
                    drawn.set_postfix_str(server.name, refresh=False)
                yield number, case, server
                drawn.update()


class Series:
    """GETs of one path on one connection: the answers, and the seconds of each.

    The worker's CPU time is read around each moment: in between it may be somebody
    else's, for a floor's worker serves several series.
    """

    def __init__(self, connection, path):
        self.connection = connection
        self.request = connection.request("GET", path)
        self.answers, self.seconds, self.used = [], [], 0
        # What it takes to read it.
        self.reading = min(self._reading() for _ in range(3))

    def ask(self, most):
        """Send one more, or as many as a moment holds, but not more than `most`."""
        first, before = len(self.seconds), self._used()
        while True:
            start = time.perf_counter()
            self.answers.append(self.connection.exchange(self.request))
            self.seconds.append(time.perf_counter() - start)
            asked = self.seconds[first:]
            if sum(asked) >= MOMENT or len(asked) >= most:
                break
        self.used += self._used() - before - self.reading

    def figures(self):
        """Return milliseconds: the worker's CPU time for one, and the latencies."""
        cpu_ms = 1000 * self.used / len(self.seconds)
        return {"cpu_ms": cpu_ms, **latencies(self.seconds)}

    def _reading(self):
        before = self._used()
        return self._used() - before

    def _used(self):
        return self.connection.usage()[1]


def burst(connection, path, plan, floors):
    """Send GETs one after the other; return (answers, figures).

    It and the floors have a moment each, in turn: the figures hold multiples, too.
    """
    series = Series(connection, path)
    below = {name: Series(*floor) for name, floor in floors.items()}
    deadline = time.perf_counter() + plan.burst
    while len(series.seconds) < AT_LEAST or (
        len(series.seconds) < plan.most and time.perf_counter() < deadline
    ):
        for each in (series, *below.values()):
            each.ask(plan.most)
    return series.answers, series.figures() | in_floors(series, below)


def single(connection, path, floors):
    """Send one GET, and some to the floors; return (answer, figures)."""
    series = Series(connection, path)
    below = {name: Series(*floor) for name, floor in floors.items()}
    series.ask(1)
    for each in below.values():
        each.ask(MOST_BESIDE_ONE)
    return series.answers[0], series.figures() | in_floors(series, below)


def in_floors(series, below):
    """Return how many times a floor's the CPU time and the median latency are.

    `below` is {name: Series}.
    """
    mine = series.figures()
    return {
        f"{figure}_{name}": mine[f"{figure}_ms"] / floor.figures()[f"{figure}_ms"]
        for name, floor in below.items()
        for figure in ("cpu", "p50")
    }


@contextlib.contextmanager
def floors_beside(lab, books, *names):
    """Yield {name: (Connection, path)} of the floors of that name in FLOORS."""
    with lab.floor.connect() as connection:
        found = {
            name: (connection, f"{FLOORS[name]}?page_size={books}") for name in names
        }
        for _, path in found.values():
            connection.get(path)
        yield found


def latencies(seconds):
    """Return the median of latencies in ms, and all of them."""
    samples = [round(1000 * each, 3) for each in seconds]
    return {"p50_ms": percentile(50, samples), "samples": samples}


def together(connections, work):
    """Return [work(number, connection)], all done at the same time."""
    with ThreadPoolExecutor(len(connections)) as pool:
        return list(pool.map(work, range(len(connections)), connections))


def check_equal(servers, paths):
    """Ask every strategy twice for each path: all answers must be the same bytes.

    The second comes from the cache, where there is one. Raises Refused.
    """
    wanted = {}
    for server in servers:
        with server.connect() as connection:
            for path in paths:
                for answer in (connection.get(path), connection.get(path)):
                    if wanted.setdefault(path, answer.body) != answer.body:
                        raise Refused(f"{server.name} answers otherwise to {path}")


def check_guarded(servers, path):
    """Ask every strategy without a token. Raises Refused if one answers."""
    for server in servers:
        with Connection(server.port) as nobody:
            try:
                nobody.get(path)
            except Refused:
                continue
        raise Refused(f"{server.name} answers {path} to nobody")


def warm(connection, path):
    """Read until the answer comes from the cache. Raises TimeoutError."""
    hit = lambda: query_count(connection.get(path)) == 0
    wait_until(hit, f"a cached answer to {path}")
