"""Shared by the questions: turns, bursts of requests, and their figures."""

import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from lab.benchmarks.client import Connection, WrongAnswer, query_count
from lab.benchmarks.results import percentile
from tools.polling import wait_until

API = "/api/v1/books"
# The paths of two baselines. BASELINES has them by the ends of their figures' names.
BASELINE, BARE = "/baseline/token/books", "/baseline/bare/books"
BASELINES = {"baselines": BASELINE, "bares": BARE}
# Requests in a burst, at least; requests to a baseline beside a single one, at most.
AT_LEAST, MOST_BESIDE_ONE = 3, 5
# Seconds until the other side has its turn: long enough for the processor's caches to
# be warm again, and short enough for the machine to be as fast as before.
MOMENT = 0.01


def bar(name, total):
    """Return a progress bar; where there is no terminal, print one line instead."""
    made = tqdm(total=total, desc=name.ljust(12), disable=None)
    if made.disable:
        print(f"{name} ...", file=sys.stderr, flush=True)
    return made


def turns(name, rounds, cases, servers):
    """Yield (round, case, server) for all cases and servers in each round.

    So other load on the machine affects all strategies alike. Each round begins with
    another strategy. Draws a progress bar.
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

    The worker's CPU time is read before and after each MOMENT, because the worker of a
    baseline serves several series in turn.
    """

    def __init__(self, connection, path):
        self.connection = connection
        self.request = connection.request("GET", path)
        self.answers, self.seconds, self.used = [], [], 0
        # The CPU time that it takes to read the CPU time.
        self.reading = min(self._reading() for _ in range(3))

    def ask(self, most):
        """Send requests for one MOMENT: at least one, at most `most`."""
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
        """Return the worker's CPU time of one request, and latencies, in ms."""
        cpu_ms = 1000 * self.used / len(self.seconds)
        return {"cpu_ms": cpu_ms, **latencies(self.seconds)}

    def _reading(self):
        before = self._used()
        return self._used() - before

    def _used(self):
        return self.connection.usage()[1]


def burst(connection, path, plan, baselines):
    """Send GETs one after the other; return (answers, figures).

    The path and the baselines have a MOMENT each, in turn. The figures contain
    multiples of the baselines, too.
    """
    series = Series(connection, path)
    below = {name: Series(*baseline) for name, baseline in baselines.items()}
    deadline = time.perf_counter() + plan.burst
    while len(series.seconds) < AT_LEAST or (
        len(series.seconds) < plan.most and time.perf_counter() < deadline
    ):
        for each in (series, *below.values()):
            each.ask(plan.most)
    return series.answers, series.figures() | in_baselines(series, below)


def single(connection, path, baselines):
    """Send one GET, and some to the baselines; return (answer, figures)."""
    series = Series(connection, path)
    below = {name: Series(*baseline) for name, baseline in baselines.items()}
    series.ask(1)
    for each in below.values():
        each.ask(MOST_BESIDE_ONE)
    return series.answers[0], series.figures() | in_baselines(series, below)


def in_baselines(series, below):
    """Return the CPU time and the median latency as multiples of the baselines'.

    `below` is {name: Series of a baseline}.
    """
    mine = series.figures()
    return {
        f"{figure}_{name}": mine[f"{figure}_ms"] / baseline.figures()[f"{figure}_ms"]
        for name, baseline in below.items()
        for figure in ("cpu", "p50")
    }


@contextlib.contextmanager
def baselines_beside(environment, books, *names):
    """Yield {name: (Connection, path)} of these baselines; a page has `books` books."""
    with environment.baseline.connect() as connection:
        found = {
            name: (connection, f"{BASELINES[name]}?page_size={books}") for name in names
        }
        for _, path in found.values():
            connection.get(path)
        yield found


def latencies(seconds):
    """Return the median of the latencies, and all of them, in ms."""
    samples = [round(1000 * each, 3) for each in seconds]
    return {"p50_ms": percentile(50, samples), "samples": samples}


def together(connections, work):
    """Return [work(number, connection), ...]; all of them run at the same time."""
    with ThreadPoolExecutor(len(connections)) as pool:
        return list(pool.map(work, range(len(connections)), connections))


def check_equal(servers, paths):
    """Raise WrongAnswer unless all strategies answer with the same bytes.

    Each is asked twice for each path; the second answer comes from its cache.
    """
    wanted = {}
    for server in servers:
        with server.connect() as connection:
            for path in paths:
                for answer in (connection.get(path), connection.get(path)):
                    if wanted.setdefault(path, answer.body) != answer.body:
                        raise WrongAnswer(
                            f"{server.name} answers differently to {path}"
                        )


def check_guarded(servers, path):
    """Raise WrongAnswer if a strategy answers a request without a token."""
    for server in servers:
        with Connection(server.port) as nobody:
            try:
                nobody.get(path)
            except WrongAnswer:
                continue
        raise WrongAnswer(f"{server.name} answers {path} without a token")


def warm(connection, path):
    """Read until the answer comes from the cache. Raises TimeoutError."""
    hit = lambda: query_count(connection.get(path)) == 0
    wait_until(hit, f"a cached answer to {path}")
