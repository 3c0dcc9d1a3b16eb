"""The benchmarks in short; `make bench` measures for longer.

Counts are asserted, no times. Some strategies stand for all, because starting the
processes of each takes most of the time.
"""

import contextlib
import fcntl
import http.server
import itertools
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from lab.benchmarks import ahead, plots, report, tables, targets
from lab.benchmarks.__main__ import kept
from lab.benchmarks.client import WrongAnswer
from lab.benchmarks.environment import BESIDE, Server, check_room
from lab.benchmarks.ladder import LADDER, TITLES
from lab.benchmarks.load import load
from lab.benchmarks.measure import check_equal, check_guarded, latencies
from lab.benchmarks.plan import PLANS
from lab.benchmarks.questions import QUESTIONS, growth, mixed
from lab.benchmarks.results import Results, percentile
from lab.benchmarks.strategies import STRATEGIES, FlushByPatternForReaders
from lab.harness.clients import RECEIVE
from lab.harness.plots import TEXT
from tests import servers
from tests.left_out import or_left_out
from tests.live import ROOT
from users.tokens import AccessToken

PATIENCE = 300
SOME = ["per-book", "ttl", "flush", "ours"]
KEPT = [name for name in SOME if LADDER[name].caches]
PAGES = ("#ffffff", "#0d1117")
# Colour blindness on linear RGB, after Machado, Oliveira and Fernandes (2009).
EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}
# From linear RGB, relative to the white of daylight.
TO_XYZ = (
    (0.4339, 0.3762, 0.1899),
    (0.2126, 0.7152, 0.0722),
    (0.0177, 0.1095, 0.8728),
)


def run(*arguments, **options):
    command = [sys.executable, "-m", "lab.benchmarks", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, **options
    )


@pytest.fixture(scope="session")
def the_servers():
    """Leave the test out where there are no servers."""
    with or_left_out(), servers.own_redis(), servers.postgres():
        pass


@pytest.fixture(scope="session")
def measured(the_servers, tmp_path_factory, worker_id):
    """Return the folder of a tiny run of everything, made by one worker for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "bench"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (done := folder.with_suffix(".done")).exists():
            strategies = ["--strategies", ",".join(SOME)]
            told = ["--size", "tiny", *strategies, "--out", folder]
            result = run(*told, timeout=PATIENCE)
            assert result.returncode == 0, result.stderr
            done.touch()
    return folder


@pytest.fixture(scope="module")
def results(measured):
    """Return what the tiny run measured."""
    return Results.load((measured / "results.json").read_text())


@pytest.mark.long
class TestRun:
    @pytest.mark.parametrize("question", QUESTIONS)
    def test_each_question_has_an_answer_for_each_strategy(self, results, question):
        alone = {"memory": KEPT, "races": KEPT, "growth": ["ours"]}
        wanted = alone.get(question, SOME)
        assert set(wanted) <= set(results.strategies(question))

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_the_report_shows_it(self, measured, results, question):
        shown = (measured / "report.md").read_text()
        assert f"## {QUESTIONS[question].TITLE}\n" in shown
        rows = [line for line in shown.splitlines() if line.startswith("| ")]
        for name in set(results.strategies(question)) & set(LADDER) - {"ours"}:
            assert any(row.startswith(f"| {TITLES[name]} |") for row in rows)

    def test_answers_were_compared(self, results):
        assert results.machine["answers checked equal"] >= 4

    def test_a_plot_is_drawn_for_each_question_that_has_one(self, measured):
        assert {path.stem for path in measured.glob("*.svg")} == set(plots.PLOTS)

    def test_who_keeps_answers_asks_no_database_again(self, results):
        for record in results.find("misses"):
            assert record.figures["queries"] > 0
        # On a busy machine the short mix may read each query only a few times.
        mixed_reads = [r for name in KEPT for r in results.find("mixed", name)]
        assert sum(record.figures["hit_ratio"] for record in mixed_reads) > 0
        assert all(
            record.figures["hit_ratio"] == 0
            for record in results.find("mixed", "per-book")
        )

    def test_a_query_per_book_is_one_and_none_asks_for_the_reader(self, results):
        books = PLANS["tiny"].page_sizes[0]
        # The count, the books, their tags.
        wanted = {"per-book": 2 + books, "ttl": 3, "flush": 3, "ours": 3}
        for name in SOME:
            [record] = results.find("misses", name)
            assert record.figures["queries"] == wanted[name], name

    def test_throughput_has_flush_by_pattern_as_it_is_usually_written(self, results):
        assert {"flush", "flush-reader"} < set(results.strategies("throughput"))

    def test_a_race_keeps_an_old_list_where_nobody_hears_of_the_write(self, results):
        assert targets.total(results, "stale", "ttl", "races") > 0

    def test_a_crowd_is_shown_what_was_written(self, results):
        for name in SOME:
            [record] = results.find("crowd", name)
            # Writes do not invalidate it.
            wanted = PLANS["tiny"].crowd if name == "ttl" else 0
            assert record.figures["stale"] == wanted, name
        [ours] = results.find("crowd", "ours")
        assert ours.figures["computed"] == 1

    def test_ours_is_never_stale(self, results):
        assert targets.total(results, "stale", "ours", *targets.STALE) == 0
        assert targets.total(results, "reads", "ours", *targets.STALE) > 0

    def test_redis_was_filled_and_flushed_by_pattern(self, results):
        for keys in PLANS["tiny"].keys:
            for record in results.find("writes", "flush", keys=keys):
                assert record.figures["left"] < keys <= record.figures["held"]
            for record in results.find("writes", "ours", keys=keys):
                assert keys <= record.figures["left"]

    def test_it_reports_and_draws_again_without_measuring(self, measured, tmp_path):
        shutil.copy(measured / "results.json", tmp_path)
        result = run("--plot", "--out", tmp_path, timeout=PATIENCE)
        assert result.returncode == 0, result.stderr
        for name in ("results.json", "report.md", "hits.svg"):
            assert (tmp_path / name).read_text() == (measured / name).read_text()


class TestKept:
    """The results are written, whatever happens."""

    def test_a_mistake_loses_nothing_and_is_seen(self, tmp_path):
        made = Results()
        with pytest.raises(ZeroDivisionError), kept(made, tmp_path):
            made.add("crowd", "ours", {"readers": 4}, computed=1, stale=0, reads=4)
            raise ZeroDivisionError
        written = Results.load((tmp_path / "results.json").read_text())
        assert written.records == made.records
        assert "ZeroDivisionError" in written.interrupted

    def test_the_run_before_is_kept_beside(self, tmp_path):
        for reads in (1, 2, 3):
            made = Results()
            with kept(made, tmp_path):
                made.add("races", "ours", {"books": 2}, stale=0, reads=reads)
        for name, reads in (("previous", 2), ("results", 3)):
            text = (tmp_path / f"{name}.json").read_text()
            assert targets.total(Results.load(text), "reads", "ours", "races") == reads

    def test_two_interrupted_runs_leave_the_whole_one_before(self, tmp_path):
        for reads, problem in ((1, None), (2, OSError("one")), (3, OSError("two"))):
            made = Results()
            with kept(made, tmp_path):
                made.add("races", "ours", {"books": 2}, stale=0, reads=reads)
                if problem:
                    raise problem
        for name, reads in (("previous", 1), ("results", 3)):
            text = (tmp_path / f"{name}.json").read_text()
            assert targets.total(Results.load(text), "reads", "ours", "races") == reads

    def test_nothing_measured_leaves_the_run_before(self, tmp_path):
        (tmp_path / "results.json").write_text("before")
        with kept(Results(), tmp_path):
            raise OSError("no servers")
        assert (tmp_path / "results.json").read_text() == "before"


class TestCommand:
    @pytest.mark.parametrize(
        "given",
        [
            ["--size", "huge"],
            ["--questions", "hits,nonsense"],
            ["--strategies", "mine"],
            ["--plot", "--out", "no/such/folder"],
            ["more"],
        ],
    )
    def test_bad_input_is_one_line(self, given):
        result = run(*given)
        assert result.returncode == 1
        assert result.stderr.startswith("bench: ")
        assert len(result.stderr.splitlines()) == 1

    def test_what_is_no_result_is_told_in_one_line(self, redis_url, tmp_path):
        (tmp_path / "results.json").write_text('{"records": [{"a": 1}]}')
        result = run("--plot", "--out", tmp_path)
        assert result.returncode == 1
        assert "can't be read" in result.stderr and "make bench" in result.stderr
        assert len(result.stderr.splitlines()) == 1

    def test_a_database_that_does_not_answer_is_told_in_one_line(
        self, redis_url, tmp_path
    ):
        with servers.refusing_port() as port:
            given = {"DATABASE_URL": f"postgres://nobody@127.0.0.1:{port}/x"}
            result = run("--out", tmp_path, env=os.environ | given)
        assert result.returncode == 1
        lines = result.stderr.splitlines()
        # The peers are installed by `make bench` only.
        [line] = [line for line in lines if not line.startswith("Left out: ")]
        assert line.startswith("bench: ") and "refused" in line

    def test_a_database_with_too_few_connections_is_refused_before_it_is_busy(self):
        with or_left_out(), servers.own_postgres() as url:
            check_room(url, len(LADDER) + BESIDE)
            with pytest.raises(RuntimeError, match="accepted: max_connections of 2600"):
                check_room(url, 100)

    @pytest.mark.long
    def test_interrupted_it_keeps_what_was_measured(self, the_servers, tmp_path):
        command = [sys.executable, "-m", "lab.benchmarks", "--size", "tiny"]
        command += ["--strategies", "prefetched", "--out", tmp_path]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        # Ctrl-C reaches the servers as well.
        pipes["start_new_session"] = True
        with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
            while "misses" not in process.stderr.readline():
                assert process.poll() is None
            os.killpg(process.pid, signal.SIGINT)
            shown, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert "bench: " in told and "report.md" in shown
        assert "Traceback" not in told
        written = json.loads((tmp_path / "results.json").read_text())
        assert written["interrupted"]
        assert {record["question"] for record in written["records"]} >= {"hits"}
        assert "**Interrupted**" in (tmp_path / "report.md").read_text()


@pytest.fixture
def serve():
    """Return a function that serves a body, and returns the Server."""
    running = []

    def start(name, body, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return Server(name, server.server_address[1], None, "")

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


class TestEqualAnswers:
    """`check_equal`, on two servers with given answers."""

    def test_equal_answers_pass(self, serve):
        check_equal([serve("one", b"[]"), serve("other", b"[]")], ["/books"])

    def test_another_answer_is_refused_by_name(self, serve):
        with pytest.raises(WrongAnswer, match="other answers differently to /books"):
            check_equal([serve("one", b"[]"), serve("other", b"[1]")], ["/books"])


class TestGuard:
    """`check_guarded`: a strategy that answers without a token is refused."""

    def test_who_answers_anybody_is_refused_by_name(self, serve):
        with pytest.raises(WrongAnswer, match="open answers /books without a token"):
            check_guarded([serve("open", b"[]")], "/books")

    def test_who_refuses_passes(self, serve):
        check_guarded([serve("shut", b"{}", status=401)], "/books")


class TestLoad:
    """`load`: many clients on one thread."""

    @pytest.fixture
    def connect(self, serve):
        """Return a function that connects a number of clients to a server."""
        with contextlib.ExitStack() as stack:

            def connected(number, *answer):
                server = serve("one", *answer)
                made = [stack.enter_context(server.connect()) for _ in range(number)]
                for each in made:
                    with contextlib.suppress(WrongAnswer):
                        each.get("/")
                return made

            yield connected

    @pytest.mark.parametrize("size", [0, 1, 10 * RECEIVE])
    def test_each_client_asks_again_when_it_has_a_whole_answer(self, connect, size):
        clients = connect(3, b"x" * size)
        request = clients[0].request("GET", "/")
        assert load(clients, request, 0) == 3
        # Nine answers come before the tenth second, and each client awaits its last.
        seconds = map(float, itertools.count())
        assert load(clients, request, 10, seconds.__next__) == 9 + 3
        # Nothing is left that the next answer would be mixed up with.
        assert {each.get("/").sent for each in clients} == {b"x" * size}

    def test_an_error_is_no_answer(self, connect):
        [client] = connect(1, b"gone", 404)
        with pytest.raises(WrongAnswer, match="GET /books.*404"):
            load([client], client.request("GET", "/books"), 0)

    def test_a_connection_that_ends_is_no_answer(self, connect):
        [client] = connect(1, b"")
        with pytest.raises(ConnectionError):
            load([client], b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 60)

    def test_a_server_that_says_nothing_is_not_waited_for_forever(self, connect):
        [client] = connect(1, b"")
        client.timeout = 0.1
        with pytest.raises(TimeoutError):
            load([client], b"GET / HTTP/1.1\r\n", 0)


class TestUsual:
    @pytest.fixture
    def ask(self, reader, rf):
        """Return a function that reads from flush by pattern, as usually written."""
        view = FlushByPatternForReaders.as_view()
        token = f"Bearer {AccessToken.for_user(reader.user)}"
        path = "/usual/books"
        return lambda sent=token: view(rf.get(path, HTTP_AUTHORIZATION=sent))

    def test_the_reader_is_looked_up_for_a_hit(self, ask, django_assert_num_queries):
        before = ask().render().content
        with django_assert_num_queries(1):
            assert ask().render().content == before

    def test_nobody_is_refused(self, ask):
        assert ask("Bearer nonsense").status_code == 401


class TestFigures:
    def test_the_ladder_names_the_strategies(self):
        assert list(LADDER) == list(STRATEGIES)
        assert set(TITLES) == set(plots.STYLES)

    def test_percentiles_are_latencies_that_were_measured(self):
        assert latencies([0.001, 0.003, 0.002]) == {"p50_ms": 2, "samples": [1, 3, 2]}
        assert [percentile(p, range(1, 101)) for p in (50, 95, 99)] == [50, 95, 99]

    def test_queries_differ(self):
        found = mixed.queries(200)
        assert len(set(found)) == 200
        assert found == mixed.queries(200)

    def test_no_round_repeats_another(self):
        turns = list(itertools.product(range(7), (1, 5, 20), range(mixed.CLIENTS)))
        assert len({mixed.new_dice(*turn).random() for turn in turns}) == len(turns)
        assert mixed.new_dice(1, 5, 2).random() == mixed.new_dice(1, 5, 2).random()

    def test_results_survive_their_file(self):
        made = Results(size="tiny", machine={"cores": 2})
        made.add("hits", "ours", {"books": 20}, p50_ms=1.23456789)
        loaded = Results.load(made.dump())
        assert loaded == made
        assert loaded.median("p50_ms", "hits", "ours", books=20) == 1.23457

    def test_the_summary_names_each_median_by_its_case(self):
        made = Results()
        for speed in (1, 2, 6):
            case = {"books": 500, "clients": 8}
            made.add("throughput", "ours", case, per_second=speed)
        found = json.loads(report.summary(made))
        assert found["throughput"]["500-8"]["ours"] == {"per_second": 2}

    @pytest.mark.parametrize(("share", "kept"), [(0.2, True), (0.21, False)])
    def test_hits_are_held_against_those_of_both_flushes(self, share, kept):
        made = Results()
        for name, each in {"ours": 1, "flush": 0.3, "flush-reader": share}.items():
            case = {"books": 500, "clients": 8}
            made.add("throughput", name, case, baseline_share=each)
        alike, usual = targets.held(made)
        assert TITLES["flush"] in alike.promise and not alike.kept
        assert TITLES["flush-reader"] in usual.promise and usual.kept is kept

    @pytest.mark.parametrize(("times", "kept"), [((0.7, 0.9), True), ((0.9,), False)])
    def test_a_promise_is_held_against_the_median(self, times, kept):
        made = Results()
        for time in times:
            made.add("hits", "ours", {"books": 20}, p50_baselines=time)
        [target] = targets.held(made)
        assert target.kept is kept
        assert ("| yes |" in report.targets_table(made)) is kept

    def test_one_stale_answer_breaks_the_promise(self):
        made = Results()
        for name, stale in (("ours", 1), ("flush", 7)):
            figures = {"stale": stale, "reads": 500, "hit_ratio": 0.9}
            made.add("mixed", name, {"writes": 5}, **figures)
        kept = {each.promise: each.kept for each in targets.held(made)}
        [promise] = [each for each in kept if each.startswith("stale answers")]
        assert promise.endswith("in 500 reads (1 of 1 other strategies have some)")
        assert kept[promise] is False

    @pytest.mark.parametrize(
        ("requests", "rare"), [(19, (None, None)), (20, (19, None)), (100, (95, 99))]
    )
    def test_the_rare_ones_are_those_of_all_rounds_if_there_are_enough(
        self, requests, rare
    ):
        made = Results()
        for time in range(1, requests + 1):
            made.add("misses", "ours", {"books": 20}, p50_ms=time, samples=[time])
        where = ("misses", "ours")
        assert tuple(made.rare(p, *where, books=20) for p in (95, 99)) == rare
        assert made.rare(95, "misses", "flush", books=20) is None
        assert f"| {requests} |" in report.render(made, [])

    def test_growth_is_held_against_its_worst_size(self):
        made = Results()
        for filters, times in (("the count", (4, 16, 8)), ("nothing", (4, 8, 40))):
            for books, baselines in zip((10**4, 10**5, 10**6), times):
                case = {"page": "text and tag", "books": books, "kept": filters}
                made.add("growth", "ours", case, p50_ms=1, p50_baselines=baselines)
        [target] = targets.held(made)
        assert (target.measured, target.kept) == ("4.0", False)
        assert "| text and tag | 4 | 10 |" in report.render(made, [])
        grown = json.loads(report.summary(made))["grown"]["text-and-tag"]
        assert grown == {"the count": 4, "nothing": 10}

    def test_who_is_ahead_is_named_and_marked_if_stale(self):
        made = Results()
        for name, speed in (("ttl", 120), ("flush", 95), ("ours", 100)):
            figures = {"per_second": speed, "stale": int(name == "ttl")}
            made.add("mixed", name, {"writes": 5}, **figures)
        [found] = ahead.ahead(made)
        assert found.theirs == {"ttl": 120}
        assert f"{TITLES['ttl']} 120\\*" in report.render(made, [])

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (None, "–"),
            (0, "0"),
            (0.12345, "0.123"),
            (12.345, "12.3"),
            (39833, "39,833"),
        ],
    )
    def test_numbers_have_three_digits(self, value, shown):
        assert tables.number(value) == shown


class TestColours:
    """WCAG's contrast, against a white page and a dark one."""

    @pytest.mark.parametrize("colours", list(itertools.combinations(plots.COLOURS, 2)))
    @pytest.mark.parametrize("eyes", EYES)
    def test_no_two_are_close_whoever_looks(self, eyes, colours):
        assert math.dist(*(seen(colour, EYES[eyes]) for colour in colours)) >= 17

    @pytest.mark.parametrize("page", PAGES)
    # Sorted, as pytest-xdist wants it: a set has another order in each process.
    @pytest.mark.parametrize(
        "colour", sorted({style[0] for style in plots.STYLES.values()})
    )
    def test_lines_stand_out(self, colour, page):
        assert contrast(colour, page) >= 3

    @pytest.mark.parametrize("page", PAGES)
    def test_text_can_be_read(self, page):
        assert contrast(TEXT, page) >= 4

    def test_there_is_a_look_for_each_page(self):
        assert len(plots.SERIES) >= len(growth.PATHS)
        # Without any colour, too.
        for look in list(zip(*plots.SERIES))[1:]:
            assert len(set(look)) == len(plots.SERIES)

    def test_no_two_strategies_look_the_same(self):
        looks = [plots.STYLES[name] for name in LADDER]
        assert len(set(looks)) == len(looks)
        # Without any colour, too.
        assert len({marker for _, marker, _ in looks}) == len(looks)

    def test_the_page_shows_through(self, tmp_path):
        made = Results()
        made.add("hits", "ours", {"books": 20}, p50_ms=1.0)
        plots.draw(made, tmp_path)
        fills = re.findall(r"fill: (#\w+)", (tmp_path / "hits.svg").read_text())
        assert fills and "#ffffff" not in fills


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    return sum(
        weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear(colour))
    )


def linear(colour):
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    return [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]


def seen(colour, eyes):
    """Return the coordinates of a colour in CIELAB for these eyes."""
    colour = [max(0, product(row, linear(colour))) for row in eyes]
    x, y, z = (cube_root(product(row, colour)) for row in TO_XYZ)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def product(row, vector):
    return sum(a * b for a, b in zip(row, vector))


def cube_root(value):
    return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116
