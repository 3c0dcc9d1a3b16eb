"""What the questions share: turns, bursts of requests, and their figures."""

import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from benchmarks.client import Refused

API = "/api/v1/books"
FLOOR = "/floor/token/books"
AT_LEAST, MOST_BESIDE_ONE = 3, 5
# Seconds on one side before the other has its turn: long enough that the processor's
# caches are warm again, and short enough that the machine is still as fast.
MOMENT = 0.01


def turns(name, rounds, cases, servers):
    """Yield (case, server) so that each round goes through all of them.

    Whatever else the machine does hits all strategies alike; who begins changes from
    round to round. Draws a progress bar on a terminal.
    """
    pairs = [(case, server) for case in cases for server in servers]
    total = rounds * len(pairs)
    with tqdm(total=total, desc=name.ljust(12), disable=None) as bar:
        if bar.disable:
            print(f"{name} ...", file=sys.stderr, flush=True)
        for number in range(rounds):
            first = number * len(pairs) // rounds
            for case, server in pairs[first:] + pairs[:first]:
                if server:
                    bar.set_postfix_str(server.name, refresh=False)
                yield case, server
                bar.update()


class Series:
    """GETs of one path on one connection: the answers, and the seconds of each."""

    def __init__(self, connection, path):
        self.connection = connection
        self.request = connection.request("GET", path)
        self.answers, self.seconds = [], []
        _, self.used = connection.usage()

    def ask(self, most):
        """Send one more, or as many as a moment holds, but not more than `most`."""
        first = len(self.seconds)
        while True:
            start = time.perf_counter()
            self.answers.append(self.connection.exchange(self.request))
            self.seconds.append(time.perf_counter() - start)
            asked = self.seconds[first:]
            if sum(asked) >= MOMENT or len(asked) >= most:
                return

    def figures(self):
        """Return milliseconds: the worker's CPU time for one, and latencies."""
        _, used = self.connection.usage()
        cpu_ms = 1000 * (used - self.used) / len(self.seconds)
        return {"cpu_ms": cpu_ms, **latencies(self.seconds)}


def burst(connection, path, plan, floor):
    """Send GETs one after the other; return (answers, figures).

    It and the floor have a moment each, in turn: the figures hold multiples, too.
    """
    series, below = Series(connection, path), Series(*floor)
    deadline = time.perf_counter() + plan.burst
    while len(series.seconds) < AT_LEAST or (
        len(series.seconds) < plan.most and time.perf_counter() < deadline
    ):
        series.ask(plan.most)
        below.ask(plan.most)
    figures = series.figures()
    return series.answers, figures | in_floors(figures, below.figures())


def single(connection, path, floor):
    """Send one GET, and some to the floor; return (answer, figures)."""
    series, below = Series(connection, path), Series(*floor)
    series.ask(1)
    below.ask(MOST_BESIDE_ONE)
    figures = series.figures()
    # Of a single request, the median is its latency.
    kept = {name: figures[name] for name in ("cpu_ms", "p50_ms")}
    return series.answers[0], kept | in_floors(kept, below.figures())


def in_floors(figures, floor):
    """Return how many times the floor's the CPU time and the median latency are."""
    return {
        f"{name}_floors": figures[f"{name}_ms"] / floor[f"{name}_ms"]
        for name in ("cpu", "p50")
        if f"{name}_ms" in figures
    }


@contextlib.contextmanager
def floor_beside(lab, books):
    """Yield (Connection, path) of the floor with the token."""
    path = f"{FLOOR}?page_size={books}"
    with lab.floor.connect() as connection:
        connection.get(path)
        yield connection, path


def latencies(seconds):
    """Return the percentiles (nearest rank) of latencies in ms, and their number."""
    ranked, count = sorted(seconds), len(seconds)
    shown = {
        f"p{percent}_ms": 1000 * ranked[-(-count * percent // 100) - 1]
        for percent in (50, 95, 99)
    }
    return {**shown, "requests": count}


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


def warm(connection, path, seconds=60):
    """Read until the answer comes from the cache; return it. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while (answer := connection.get(path)).queries:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} was not kept within {seconds} s")
        time.sleep(0.02)
    return answer
