"""Hits need no thread: the worker's loop answers them, and nothing else."""

import contextlib
import itertools
import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest
from django.db import transaction
from prometheus_client import REGISTRY

from caching.at_once import AT_ONCE, WAS_HIT, Later
from config import hits
from config.buffered import MAX_QUEUED
from config.hits import LONGEST, MOST, PAUSE, SHARE, SLOW, Hits, at_once
from tests import live, servers
from tests.clients import Client
from tests.factories import BookFactory, TagFactory, UserFactory
from tests.test_metrics_of_workers import REQUESTS, Server
from tools.polling import wait_until
from users.models import User

pytestmark = pytest.mark.once

BOSS = {"email": "boss@example.com", "password": "a long unlikely phrase"}
# Its answer is the largest that the loop sends, or nearly.
BOOKS = "/books?page_size=250"
LINE = f"GET {BOOKS}".encode()
LEFT = ("hits_left_to_threads_total",)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
# A client that takes in so little (bytes), and how many answers it asks for.
TAKES, ASKS = 4096, 25
# Half of the requests in one packet.
PACKET = 200


def answered(seen, target, *, hit=True):
    """Note how a request for a target was answered."""
    seen.note(SimpleNamespace(method="GET", uri=target), {WAS_HIT: True} if hit else {})


class TestTheLoopRemembers:
    def test_a_request_whose_last_answer_was_a_hit(self):
        seen = Hits()
        assert not seen.expects(LINE)
        answered(seen, BOOKS, hit=False)
        assert not seen.expects(LINE)
        answered(seen, BOOKS)
        answered(seen, BOOKS)
        assert seen.expects(LINE) and not seen.expects(LINE + b"&page=2")
        answered(seen, BOOKS, hit=False)
        assert not seen.expects(LINE) and not seen.lines

    def test_so_many_of_them_the_oldest_go_first(self):
        seen, numbers = Hits(), range(MOST + 1)
        for number in numbers:
            answered(seen, f"/{number}")
        assert list(seen.lines) == [b"GET /%d" % number for number in numbers][1:]

    def test_none_that_is_too_long(self):
        seen, target = Hits(), "/".ljust(LONGEST - len("GET "), "x")
        answered(seen, target)
        answered(seen, target + "x")
        assert list(seen.lines) == [f"GET {target}".encode()]

    @pytest.mark.parametrize(
        "seconds", [[5 * SLOW / SHARE], [1.1 * SLOW] * 200], ids=["one", "many"]
    )
    def test_none_for_a_while_after_they_were_slow(self, seconds):
        now = [100.0]
        seen = Hits(clock=lambda: now[0])
        answered(seen, BOOKS)
        for each in seconds:
            seen.took(each)
        # Nor those that threads answer meanwhile.
        assert not seen.lines
        answered(seen, BOOKS)
        assert not seen.expects(LINE)
        now[0] += PAUSE
        assert seen.expects(LINE)
        # A new average begins.
        seen.took(SLOW)
        assert seen.expects(LINE)

    def test_them_still_after_one_that_was_a_little_slow(self):
        seen = Hits()
        answered(seen, BOOKS)
        for seconds in [SLOW / SHARE / 2, *[SLOW / 4] * 100] * 3:
            seen.took(seconds)
            assert seen.expects(LINE)


class TestOnTheLoopsThread:
    def test_only_what_runs_there_must_be_there_at_once(self):
        seen = []
        answer = at_once(lambda environ, start: seen.append(environ.get(AT_ONCE)))
        answer({}, None)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(answer, {}, None).result()
        assert seen == [hits.LARGEST, None]


@pytest.fixture
def reader(transactional_db):
    TagFactory()
    BookFactory()
    reader = Client(UserFactory())
    assert reader.get("/tags").headers["X-Cache"] == "MISS"
    return reader


def counted():
    """Return how many requests were counted, and how many are active."""
    names = REQUESTS, "http_server_active_requests"
    samples = [each for metric in REGISTRY.collect() for each in metric.samples]
    return [sum(s.value for s in samples if s.name == name) for name in names]


class TestTheFront:
    def test_a_hit_is_answered_and_says_so(self, reader):
        usual = reader.get("/tags")
        answer = reader.get("/tags", **{AT_ONCE: 10_000})
        assert answer.content == usual.content
        assert answer.headers["X-Cache"] == "HIT"
        assert answer.wsgi_request.META[WAS_HIT] is True

    def test_neither_a_miss_nor_another_answer_is_a_hit(self, reader):
        for path in ("/books", "/loans", "/none"):
            assert not reader.get(path).wsgi_request.META.get(WAS_HIT)

    def test_what_is_too_large_comes_later(self, reader):
        size = len(reader.get("/tags").content)
        assert reader.get("/tags", **{AT_ONCE: size}).status_code == 200
        with pytest.raises(Later):
            reader.get("/tags", **{AT_ONCE: size - 1})

    @pytest.mark.parametrize("path", ["/books", "/loans", "/tags?page=0", "/none"])
    def test_what_is_no_hit_comes_later_and_is_counted_then(self, reader, path):
        before = counted()
        with pytest.raises(Later):
            reader.get(path, **{AT_ONCE: 10_000})
        assert counted() == before
        reader.get(path)
        assert counted() == [before[0] + 1, before[1]]

    def test_whoever_is_not_let_in_is_told_later(self, reader):
        with pytest.raises(Later):
            Client().get("/tags", **{AT_ONCE: 10_000})
        User.objects.filter(pk=reader.user.pk).update(is_active=False)
        with pytest.raises(Later):
            reader.get("/tags", **{AT_ONCE: 10_000})

    def test_what_bypasses_the_cache_comes_later(self, reader):
        with transaction.atomic(), pytest.raises(Later):
            reader.get("/tags", **{AT_ONCE: 10_000})

    def test_a_write_makes_it_a_miss(self, reader):
        TagFactory()
        with pytest.raises(Later):
            reader.get("/tags", **{AT_ONCE: 10_000})
        assert reader.get("/tags").headers["X-Cache"] == "MISS"


class Library:
    """A server with one thread for reads, whose databases are its own."""

    def __init__(self, database, redis, address, token, process, folder):
        self.database, self.redis, self.address = database, redis, address
        self.token = token
        self.seen = Server(address, process, folder)

    def get(self, path, timeout=60):
        """Return the body of an answer, and what it says of the cache."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = Request(f"{self.address}{path}", headers=headers)
        with urlopen(request, timeout=timeout) as answer:
            return json.load(answer), answer.headers["X-Cache"]

    def status(self, path):
        """Return the status of an answer, None if none comes soon."""
        try:
            return 200 if self.get(path, timeout=2) else None
        except HTTPError as error:
            with error:
                return error.code
        except TimeoutError:
            return None

    def warm(self, path=BOOKS):
        """Let the loop answer this path; return the body."""
        wait_until(lambda: self.get(path)[1] == "HIT", "a hit", 30)
        return self.get(path)[0]

    def connect(self, **options):
        """Return a connection with these options (of SOL_SOCKET)."""
        connection = socket.socket()
        for name, value in options.items():
            connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        connection.settimeout(60)
        place = urlsplit(self.address)
        connection.connect((place.hostname, place.port))
        return connection

    def request(self, path=BOOKS, more=""):
        """Return the bytes of a request."""
        place = urlsplit(self.address).netloc
        head = f"GET /api/v1{path} HTTP/1.1\r\nHost: {place}\r\n{more}"
        return f"{head}Authorization: Bearer {self.token}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("at-once")
    with contextlib.ExitStack() as stack:
        try:
            postgres = stack.enter_context(servers.postgres())
            redis = stack.enter_context(servers.own_redis())
        except servers.Unavailable as reason:
            pytest.skip(str(reason))
        url = stack.enter_context(servers.new_database(postgres))
        # Nobody who waits for the lock of a test gives up before its end.
        patient = {"DATABASE_LOCK_TIMEOUT": "60", "DATABASE_STATEMENT_TIMEOUT": "60"}
        env = live.environment(url, REDIS_URL=redis.url, **patient)
        env |= {"WEB_CONCURRENCY": "1", "WEB_THREADS": "1", "TMPDIR": str(folder)}
        # Longer than a test waits for a connection to end.
        env |= {"KEEP_ALIVE_SECONDS": "300"}
        live.manage("migrate", "--verbosity=0", env=env)
        live.manage("seed_library", "--books", "500", "--verbosity=0", env=env)
        live.create_superuser(env=env, **BOSS)
        address, process = stack.enter_context(live.gunicorn(env))
        token = live.log_in(address, **BOSS)
        yield Library(url, redis, address, token, process, folder)


def answers(connection):
    """Yield the documents that are answered until the server ends the connection."""
    with contextlib.closing(connection), connection.makefile("rb") as stream:
        while line := stream.readline():
            head = [line, *iter(stream.readline, b"\r\n")]
            sizes = [h for h in head if h.lower().startswith(b"content-length")]
            yield json.loads(stream.read(int(sizes[0].split()[1])))


def change(library, book, stock):
    """Change the stock of a book."""
    body, url = (
        json.dumps({"stock": stock}),
        f"{library.address}/books/{book['book_id']}",
    )
    request = Request(url, body.encode(), method="PATCH")
    request.add_header("Authorization", f"Bearer {library.token}")
    request.add_header("Content-Type", "application/json")
    urlopen(request, timeout=60).close()


# On a busy machine hits may have been slow, and be left to threads for a second.
TRIES = 20


def test_hits_go_on_while_every_thread_waits(library):
    def goes_on():
        books = library.warm()
        with psycopg.connect(library.database) as holder, ThreadPoolExecutor(1) as pool:
            holder.execute("LOCK TABLE books_book IN ACCESS EXCLUSIVE MODE")
            waiting = pool.submit(library.get, f"/books?page_size={next(sizes)}")
            is_waiting = lambda: holder.execute(WAITING).fetchone() == (1,)
            wait_until(is_waiting, "a read that waits for the lock", 30)
            try:
                found = library.get(BOOKS, timeout=2)
            except TimeoutError:
                return False
            finally:
                waited = not waiting.done()
                holder.rollback()
            assert waiting.result()[1] == "MISS"
            return found == (books, "HIT") and waited

    sizes = iter(range(2, 2 + TRIES))
    assert any(goes_on() for _ in range(TRIES))


def test_hits_go_on_while_no_more_reads_may_wait(library):
    def goes_on():
        library.warm()
        with (
            psycopg.connect(library.database) as holder,
            contextlib.ExitStack() as stack,
        ):
            holder.execute("LOCK TABLE books_book IN ACCESS EXCLUSIVE MODE")
            # Each asks for something else, so that none waits for another's answer.
            other = lambda: f"/books?title={next(numbers)}"
            queued = [stack.enter_context(library.connect()) for _ in range(MAX_QUEUED)]
            for connection in queued:
                connection.sendall(library.request(other()))
            refused = lambda: library.status(other()) == 503
            wait_until(refused, "a read that is refused", 30)
            status = library.status(BOOKS)
            holder.rollback()
            # The next test would be refused, too, while they wait.
            for connection in queued:
                assert connection.recv(1)
            return status == 200

    numbers = itertools.count()
    assert any(goes_on() for _ in range(TRIES))


def test_a_write_is_seen_at_once_and_each_request_is_counted_once(library):
    def count():
        answered = library.seen.samples().items()
        return sum(n for key, n in answered if key[0] == REQUESTS and "GET" in key)

    books = library.warm()["results"]
    before = count()
    for number in range(5):
        change(library, books[0], number)
        for expected in ("MISS", "HIT", "HIT"):
            found, cache = library.get(BOOKS)
            assert (found["results"][0]["stock"], cache) == (number, expected)
    # The first look at /metrics is one of them.
    assert count() - before == 5 * 3 + 1


def test_requests_in_one_packet_are_answered_in_order(library):
    tags, books = library.warm("/tags"), library.warm("/books?page_size=1")
    connection = library.connect()
    # More than can be answered from within each other's answers.
    paths = ["/tags", "/books?page_size=1"] * PACKET
    packet = b"".join(map(library.request, paths))
    connection.sendall(packet + library.request("/tags", "Connection: close\r\n"))
    assert list(answers(connection)) == [tags, books] * PACKET + [tags]


def test_a_body_that_nobody_reads_is_no_part_of_the_next_request(library):
    for number in range(5):
        books, tags = library.warm(), library.warm("/tags")
        change(library, books["results"][0], 100 + number)
        books["results"][0]["stock"] = 100 + number
        connection = library.connect()
        # Was a hit, and is none.
        body = b"GET /smuggled HTTP/1.1\r\n"
        more = f"Content-Length: {len(body)}\r\n"
        connection.sendall(library.request(more=more) + body)
        found = answers(connection)
        assert next(found) == books
        connection.sendall(library.request("/tags", "Connection: close\r\n"))
        assert list(found) == [tags]


def test_a_client_that_takes_in_little_gets_whole_answers(library):
    books = library.warm()
    connection = library.connect(SO_RCVBUF=TAKES)
    for _ in range(ASKS):
        connection.sendall(library.request())
        # Each comes by itself. A pause that is too short makes the test easier.
        time.sleep(0.02)
    assert library.get(BOOKS) == (books, "HIT")
    connection.sendall(library.request("/tags", "Connection: close\r\n"))
    found = list(answers(connection))
    assert found[:-1] == [books] * ASKS and len(found) == ASKS + 1


def test_while_redis_hangs_threads_wait_for_it(library):
    def left():
        return library.seen.samples()[LEFT]

    def is_left():
        before, books = left(), library.warm()
        library.redis.send(signal.SIGSTOP)
        try:
            assert library.get(BOOKS) == (books, "BYPASS; unavailable")
            return left() > before
        finally:
            library.redis.send(signal.SIGCONT)

    assert any(is_left() for _ in range(TRIES))
