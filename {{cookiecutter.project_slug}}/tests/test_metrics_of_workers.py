"""GET /metrics of a real server: its worker processes add up"""

import os
import signal
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import live
from tests.crowd import all_at_once
from tools.polling import wait_until

pytestmark = pytest.mark.once

READER = {"email": "r@example.com", "username": "r", "password": "s3ven-cats"}
REQUESTS = "http_server_request_duration_seconds_count"
ACTIVE = ("http_server_active_requests", "GET")
GARBAGE = ("python_gc_collections_total", "0")
MEMORY, CPU = "process_resident_memory_bytes", "process_cpu_seconds_total"


class Server:
    """A server with two workers; what it says of itself."""

    def __init__(self, address, process, folder):
        self.address, self.process, self.folder = address, process, folder

    def samples(self):
        """Return what /metrics says: {(name, *labels' values): value}."""
        with urlopen(self.address.replace("/api/v1", "/metrics")) as answer:
            text = answer.read().decode()
        return {
            (sample.name, *dict(sorted(sample.labels.items())).values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def workers(self):
        """Return the ids of the worker processes."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return {int(child) for child in children.split()}

    def memory(self):
        """Return the memory of the workers together, in bytes."""
        pages = (
            int(Path(f"/proc/{worker}/statm").read_text().split()[1])
            for worker in self.workers()
        )
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def has_files_of(self, worker):
        """Return whether a worker's gauges are added up."""
        return any(self.folder.glob(f"library-metrics-*/gauge_live*_{worker}.db"))


@pytest.fixture
def server(tmp_path, redis_url):
    folder = tmp_path / "tmp"
    folder.mkdir()
    with live.database(tmp_path) as url:
        env = live.environment(url, REDIS_URL=redis_url, CACHE_PREFIX="workers")
        env |= {"TMPDIR": str(folder), "RELEASE": "v7"}
        env.pop("PROMETHEUS_MULTIPROC_DIR", None)
        live.manage("migrate", "--verbosity=0", env=env)
        with live.gunicorn(env, WEB_CONCURRENCY="2") as (address, process):
            yield Server(address, process, folder)


def ask(url, token):
    """Return the status of an answer."""
    try:
        live.send(url, token=token)
    except HTTPError as error:
        with error:
            return error.code
    return 200


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc")
def test_the_workers_add_up_also_after_one_was_killed(server):
    live.send(f"{server.address}/users", READER)
    token = live.log_in(server.address, READER["email"], READER["password"])
    paths = ["/tags", "/loans", "/books/1", "/nowhere"] * 6
    all_at_once([lambda p=p: ask(server.address + p, token) for p in paths])
    expected = {
        (REQUESTS, "GET", "200", "/api/v1/tags"): 6,
        (REQUESTS, "GET", "200", "/api/v1/loans"): 6,
        (REQUESTS, "GET", "404", "/api/v1/books/<int:book_id>"): 6,
        (REQUESTS, "GET", "404", "unknown"): 6,
        (REQUESTS, "POST", "201", "/api/v1/users"): 1,
        (REQUESTS, "POST", "200", "/api/v1/auth/login"): 1,
        # The one that asked, whichever worker answers it.
        ACTIVE: 1,
    }
    # Clients that gave up waiting for the server's start may still be answered.
    wait_until(lambda: server.samples()[ACTIVE] == 1, "the last requests' end")
    before = server.samples()
    assert before.items() >= expected.items()
    assert before[(MEMORY,)] == pytest.approx(server.memory(), rel=0.3)
    assert [key[3] for key in before if key[0] == "library_build_info"] == ["v7"]
    # A worker notes them once a second at most, and asking makes garbage.
    wait_until(lambda: server.samples()[GARBAGE] > 0, "a garbage collection")

    killed = min(server.workers())
    assert server.has_files_of(killed)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not server.has_files_of(killed), "the gauges' removal")
    wait_until(lambda: len(server.workers()) == 2, "another worker")
    after = server.samples()
    assert after.items() >= expected.items()
    assert after[(CPU,)] >= before[(CPU,)]


def test_a_file_that_a_new_worker_has_just_made_fails_no_scrape(server):
    [folder] = server.folder.glob("library-metrics-*")
    for kind in ("counter", "histogram", "gauge_livesum"):
        (folder / f"{kind}_4194304.db").touch()
    assert ACTIVE in server.samples()
