"""What does a write cost as the cache grows? And whom does it block?

Each write is compared with one to a server without a cache, right after it.

Redis is filled with entries as the strategy makes them: a real one is copied under
other names, with a shorter body, and added to each set that contains it. Meanwhile
another client reads one key of the same Redis: its longest wait is the time for which
the invalidation blocks all other clients.
"""

import contextlib
import threading
import time

from lab.benchmarks.measure import API, turns

TITLE = "A write's cost, by keys in the cache"
PROBE = "probe"
CHUNK = 20_000
# Seconds of writes, after which no more are measured.
BUDGET = 5
# Runs inside Redis: a million keys take a second or two.
FILL = """
for i = ARGV[1], ARGV[2] do
  local name = KEYS[1] .. ':' .. i
  redis.call('SET', name, ARGV[3], 'EX', 86400)
  for j = 2, #KEYS do
    redis.call('SADD', KEYS[j], name)
  end
end
"""


def ask(servers, plan, results, environment):
    """Measure a change of one book, for each number of keys."""
    for _, keys, server in turns("writes", 1, plan.keys, servers.values()):
        with server.connect() as connection, environment.baseline.connect() as other:
            [book] = _books(connection)
            spent, number = 0, 0
            while number < plan.writes and spent < BUDGET:
                fill(server, connection, keys)
                held = server.redis.dbsize()
                with watched(server.redis) as waits:
                    seconds = _write(connection, book, number)
                with watched(environment.baseline.redis) as baseline_waits:
                    baseline = _write(other, book, number)
                results.add(
                    "writes",
                    server.name,
                    {"keys": keys},
                    write_ms=1000 * seconds,
                    write_baselines=seconds / baseline,
                    blocked_ms=1000 * max(waits),
                    blocked_baselines=max(waits) / max(baseline_waits),
                    held=held,
                    left=server.redis.dbsize(),
                )
                spent, number = spent + seconds, number + 1
        server.forget()


def fill(server, connection, keys):
    """Fill the strategy's database in Redis until it has at least `keys` keys."""
    connection.get(f"{API}?page_size=1")
    client = server.redis
    missing = keys - client.dbsize()
    if missing <= 0:
        return
    # After a flush there are few keys; the answer is the largest.
    kept = list(client.scan_iter(count=1000))
    sizes = {key: client.strlen(key) for key in kept if client.type(key) == b"string"}
    if not sizes:
        return
    entry = max(sizes, key=sizes.get)
    sets = [key for key in kept if client.type(key) == b"set"]
    named_in = [key for key in sets if client.sismember(key, entry)]
    script = client.register_script(FILL)
    for first in range(0, missing, CHUNK):
        last = min(first + CHUNK, missing) - 1
        names = [b"%s:%d" % (entry, missing), *named_in]
        script(keys=names, args=[first, last, b"x" * 100])


@contextlib.contextmanager
def watched(client):
    """Yield a list that gets the seconds of each GET that another client makes."""
    waits, begun, stop = [], threading.Event(), threading.Event()

    def probe():
        while not stop.is_set():
            start = time.perf_counter()
            client.get(PROBE)
            waits.append(time.perf_counter() - start)
            begun.set()
            time.sleep(0.0005)

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    try:
        begun.wait()
        yield waits
    finally:
        stop.set()
        thread.join()


def _write(connection, book, number):
    path = f"{API}/{book['book_id']}"
    start = time.perf_counter()
    connection.send("PATCH", path, {"stock": 1 + number})
    return time.perf_counter() - start


def _books(connection):
    return connection.get(f"{API}?page_size=1").document["results"]
