"""What a hit costs, as a multiple of a bare view that sends the same bytes.

`python -m benchmarks.hit_cost` starts gunicorn with one worker and a Redis of its own,
asks for both in turn, round after round on one connection, and prints the medians of
the rounds: server CPU time a request, and the latency at p50. Ratios hold better than
milliseconds on a machine that does other things too.
"""

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests import live, servers

PASSWORD = "a long unlikely phrase"
PATHS = {"hit": "/api/v1/books", "floor": "/floor/books"}


def log_in(connection):
    """Return the headers of a reader."""
    body = json.dumps({"email": "boss@example.com", "password": PASSWORD})
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/api/v1/auth/login", body, headers)
    token = json.load(connection.getresponse())["access_token"]
    return {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}


def ask(connection, path, headers):
    """Send one request; return the response and its body."""
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response, response.read()


def warm_up(connection, paths, headers):
    """Read until both are ready, and check that they send the same bytes."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        response, body = ask(connection, paths["hit"], headers)
        if response.headers["X-Cache"] == "HIT":
            break
        time.sleep(0.1)
    for _ in range(50):
        assert ask(connection, paths["hit"], headers)[1] == body
        assert ask(connection, paths["floor"], headers)[1] == body
    return len(body)


def measure(connection, path, headers, requests, worker):
    """Return (CPU ms a request, p50 in ms) of so many requests."""
    took, before = [], sum(worker.cpu_times()[:2])
    for _ in range(requests):
        start = time.perf_counter()
        response, _ = ask(connection, path, headers)
        took.append(time.perf_counter() - start)
        assert response.status == 200
    cpu = sum(worker.cpu_times()[:2]) - before
    return 1000 * cpu / requests, 1000 * statistics.median(took)


def compare(address, worker, page_size, rounds, requests):
    """Print a line for one page size: hit and floor, interleaved."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    headers = log_in(connection)
    paths = {name: f"{path}?page_size={page_size}" for name, path in PATHS.items()}
    size = warm_up(connection, paths, headers)
    figures = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            figures[name].append(measure(connection, path, headers, requests, worker))
    for index, what in enumerate(("server CPU", "p50")):
        hit, floor = (
            statistics.median(figure[index] for figure in figures[name])
            for name in ("hit", "floor")
        )
        ratios = [
            h[index] / f[index]
            for h, f in zip(figures["hit"], figures["floor"])
            if f[index]
        ]
        low, high = min(ratios), max(ratios)
        print(
            f"{page_size:>4} books {size:>7} bytes  {what:<10} hit {hit:.3f} ms  "
            f"floor {floor:.3f} ms  ratio {statistics.median(ratios):.2f} "
            f"({low:.2f}–{high:.2f})"
        )


def main():
    """Measure at 20 and at 500 books a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=300, help="a round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, servers.redis() as redis_url:
        url = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        env = live.environment(url, REDIS_URL=redis_url, CACHE_LEASE="1")
        env |= {"DJANGO_SUPERUSER_PASSWORD": PASSWORD, "CACHE_TTL": "86400"}
        env["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
        live.manage("migrate", env=env)
        live.manage("seed_library", "--books", "500", env=env)
        user = ["--email", "boss@example.com", "--username", "boss"]
        live.manage("createsuperuser", "--noinput", *user, env=env)
        with live.gunicorn(env, WEB_THREADS="2") as (address, process):
            [worker] = psutil.Process(process.pid).children()
            for page_size in (20, 500):
                compare(address, worker, page_size, options.rounds, options.requests)


if __name__ == "__main__":
    try:
        main()
    except (servers.Unavailable, TimeoutError) as error:
        sys.exit(str(error))
