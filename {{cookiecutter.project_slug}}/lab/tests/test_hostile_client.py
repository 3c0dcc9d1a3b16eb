"""The hostile client in short, and proof that it finds what it looks for.

`make hostile` runs it for long. gunicorn is real.
"""

import contextlib
import json
import random
import subprocess
import sys
from socket import create_server
from threading import Thread

import pytest

from lab.harness.clients import Answer
from lab.hostile_client import mutations, report
from lab.hostile_client.comparison import problem_of, visible
from lab.hostile_client.environment import own_site
from lab.hostile_client.message import Target, Tokens, plain
from lab.hostile_client.runner import Runner
from lab.hostile_client.wire import Unreadable, Wire
from tests import live
from tests.left_out import or_left_out
from tests.live import ROOT

TARGET = Target(b"/books", (b"title=bridge", b"page=1"))
TOKENS = Tokens(b"own.own.own", b"other.other.other")
MOST = 4000


def run(stores, until, **variables):
    """Return the Runner that was run until `until(runner)` is true."""
    with or_left_out(), own_site(stores, **variables) as site:
        with contextlib.closing(Runner(site, seed=1)) as runner:
            runner.run(lambda counts: until(runner))
    return runner


def poisoned(runner):
    """Return the faults that innocent readers met."""
    return [fault for fault in runner.faults if fault.victim and fault.again]


@pytest.mark.long
class TestServers:
    @pytest.mark.parametrize("stores", ["sqlite", "postgres"])
    def test_no_request_changes_what_others_read(self, stores):
        runner = run(stores, lambda runner: runner.counts.mutations >= 500)
        assert not runner.faults, report.markdown([runner], 1)
        counts = runner.counts
        # The hostile client did fill entries, and others did get them.
        assert counts.hostile_results["miss"] > 20
        assert counts.innocent_results["hit"] > 20
        assert counts.compared > 300

    def test_it_goes_on_when_a_worker_is_replaced(self):
        often = {"MAX_REQUESTS": "200"}
        runner = run("sqlite", lambda runner: runner.counts.compared >= 500, **often)
        assert not runner.faults, report.markdown([runner], 1)

    @pytest.mark.parametrize(
        ("way", "kind"),
        [("client-charset", "Content-Type"), ("key-without-host", "Host")],
    )
    def test_it_finds_a_fault_that_was_put_back(self, way, kind):
        def found(runner):
            return poisoned(runner) or runner.counts.mutations >= MOST

        runner = run("sqlite", found, HOSTILE_SABOTAGE=way)
        page = report.markdown([runner], 1)
        assert poisoned(runner), page
        [fault] = poisoned(runner)
        assert kind in fault.kinds and len(fault.kinds) <= 2
        assert fault.request.count(b"\r\n") <= 6
        assert "<own token>" in page and fault.victim in page


@pytest.mark.long
class TestCommand:
    """`python -m lab.hostile_client`, as a person runs it."""

    def run(self, *given):
        command = [sys.executable, "-m", "lab.hostile_client", *given]
        options = {"capture_output": True, "text": True, "check": False}
        return subprocess.run(command, cwd=ROOT, **options)

    @pytest.mark.parametrize(
        "given",
        [
            ["--mutations", "0"],
            ["--stores", "oracle"],
            ["--url", "http://localhost:1"],
            ["--librarian", "nobody"],
            ["--report", "no/such/file"],
        ],
    )
    def test_bad_input_is_one_line(self, given):
        result = self.run(*given)
        assert result.returncode == 1
        assert result.stderr.startswith("hostile: ")
        assert len(result.stderr.splitlines()) == 1

    def test_a_server_that_runs_already_is_given_by_its_url(self, tmp_path):
        env = live.environment(f"sqlite:///{tmp_path / 'db'}", REDIS_URL="")
        env |= {"WEB_CONCURRENCY": "1"}
        live.manage("migrate", "--verbosity=0", env=env)
        people = {name: f"{name}@example.com" for name in ("librarian", "reader")}
        for name, email in people.items():
            given = {"email": email, "password": "s3cret:pass", "username": name}
            live.create_superuser(env=env, **given)
        who = [f"--{name}={email}:s3cret:pass" for name, email in people.items()]
        path = tmp_path / "hostile.json"
        with live.gunicorn(env) as (address, _):
            url = address.removesuffix("/api/v1")
            result = self.run("--url", url, *who, "--mutations=60", "--report", path)
        assert result.returncode == 0, result.stdout + result.stderr
        written = json.loads(path.read_text())
        assert written["mutations"] >= 60 and not written["sites"][0]["faults"]
        assert f"## {url}" in path.with_suffix(".md").read_text()


class TestMutations:
    @pytest.mark.parametrize("kind", mutations.KINDS)
    def test_a_kind_changes_something_and_the_same_by_the_same_seed(self, kind):
        made = set()
        for seed in range(50):
            mutation = [mutations.Mutation(kind, seed)]
            first, again = (mutations.apply(mutation, TARGET, TOKENS) for _ in "12")
            assert first.encode() == again.encode()
            made.add(first.encode())
        assert len(made - {plain(TARGET, TOKENS).encode()}) > 3

    def test_from_one_to_four_are_drawn_of_different_kinds(self):
        drawn = [mutations.draw(random.Random(seed)) for seed in range(200)]
        assert {len(each) for each in drawn} == {1, 2, 3, 4}
        assert all(len({m.kind for m in each}) == len(each) for each in drawn)
        assert {m.kind for each in drawn for m in each} == set(mutations.KINDS)


class TestComparison:
    HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nVary: A\r\nDate: 1"

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (b"Date: 1", b"Date: 2\r\nX-Cache: HIT", ""),
            (b"Vary: A", b"vary: A", ""),
            (b"Vary: A", b"Vary: B", "headers: vary"),
            (b"\r\nVary: A", b"", "headers: vary"),
            (b"200", b"404", "status 404, not 200"),
        ],
    )
    def test_what_a_client_sees_is_compared(self, old, new, said):
        right = visible(Answer(self.HEAD, b"{}"))
        other = visible(Answer(self.HEAD.replace(old, new), b"{}"))
        assert other.difference(right) == said

    def test_the_body_is_compared(self):
        right, other = (visible(Answer(self.HEAD, body)) for body in (b"{}", b"[]"))
        assert other.difference(right) == "the body"

    @pytest.mark.parametrize(
        ("status", "kind", "body", "said"),
        [
            (200, "application/json", b"{}", ""),
            (503, "application/json", b"{}", "status 503"),
            (400, "text/html; charset=utf-8", b"<p>", "HTML, status 400"),
            (400, "application/json", b"<p>", "no JSON, status 400"),
            (200, "text/plain", b"{}", "text/plain, status 200"),
            (304, "", b"", ""),
            (501, "application/json", b"{}", ""),
        ],
    )
    def test_no_answer_is_an_error_of_ours_or_a_page(self, status, kind, body, said):
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}".encode()
        assert problem_of(Answer(head, body)) == said

    @pytest.mark.parametrize(
        ("status", "header", "broken", "said"),
        [
            (400, b"", False, ""),
            (502, b"", False, "status 502"),
            (502, b"", True, ""),
            (505, b"", False, ""),
            (500, b"X-Content-Type-Options: nosniff", True, "status 500"),
            (400, b"X-Content-Type-Options: nosniff", True, "no type, status 400"),
        ],
    )
    def test_a_proxy_may_refuse_in_its_own_way(self, status, header, broken, said):
        answer = Answer(b"HTTP/1.1 %d X\r\n%s" % (status, header), b"No")
        assert problem_of(answer, proxied=True, broken=broken) == said


@pytest.fixture
def answering():
    """Return a function that makes a Wire to a server which sends these bytes."""
    listening, wires = create_server(("127.0.0.1", 0)), []

    def serve(sent):
        connection, _ = listening.accept()
        with connection:
            connection.recv(1)
            connection.sendall(sent)

    def make(sent):
        Thread(target=serve, args=(sent,), daemon=True).start()
        wires.append(Wire(f"http://127.0.0.1:{listening.getsockname()[1]}", True))
        return wires[-1]

    with listening:
        yield make
    for wire in wires:
        wire.close()


OK = b"HTTP/1.1 200 OK\r\n"


class TestWire:
    @pytest.mark.parametrize(
        ("sent", "body"),
        [
            (OK + b"Content-Length: 2\r\n\r\n{}", b"{}"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}"),
            (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", b""),
            (OK + b"Connection: close\r\n\r\n{}", b"{}"),
        ],
    )
    def test_an_answer_is_read(self, answering, sent, body):
        [answer] = answering(sent).ask(b"x", b"GET")
        assert (answer.status, answer.sent) == (200, body)

    @pytest.mark.parametrize(
        "sent",
        [
            b"<html>",
            b"HTTP/1.1 OK\r\n\r\n",
            OK + b"X : y\r\n\r\n",
            OK + b"X: a\rb\r\n\r\n",
            OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
            OK + b"Content-Length: 3\r\n\r\n{}",
            OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
            OK + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}{}",
        ],
    )
    def test_what_does_not_parse_is_noticed(self, answering, sent):
        with pytest.raises(Unreadable):
            answering(sent).ask(b"x", b"GET")

    def test_every_answer_on_a_connection_is_read(self, answering):
        answer = OK + b"Content-Length: 2\r\n\r\n{}"
        assert len(answering(answer * 2).ask_alone(b"x", b"GET")) == 2
