"""GET /metrics: requests, queries and loans are counted; no client makes a series"""

import platform
import threading
from io import BytesIO

import django
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from common import database_metrics
from common.http_metrics import HTTPMetrics
from config.wsgi import application
from tests.clients import Client
from tests.counted import changes, series, value
from tests.factories import PASSWORD, BookFactory, UserFactory

pytestmark = pytest.mark.once

COUNT = "http_server_request_duration_seconds_count"
QUERIES = "db_client_operation_duration_seconds_count"


def ask(path, method="GET", query="", token="", body=b"", application=application):
    """Send a request as a server does; return the status and the body as text."""
    started = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
    }
    answer = application(environ, lambda *what: started.extend(what))
    text = b"".join(answer).decode()
    getattr(answer, "close", lambda: None)()
    return int(started[0].split()[0]), text


def test_each_request_is_counted_by_method_status_and_route(store, reader, nobody):
    book = BookFactory()
    with changes(COUNT) as grown:
        for _ in range(3):
            reader.get(f"/books/{book.pk}")
        reader.get("/books/987654")
        nobody.get("/books")
        nobody.get("/nowhere")
        reader.post("/loans", {"book_id": book.pk, "quantity": 1})
    assert grown == {
        # One miss, two hits.
        (COUNT, "GET", "200", "/api/v1/books/<int:book_id>"): 3,
        (COUNT, "GET", "404", "/api/v1/books/<int:book_id>"): 1,
        (COUNT, "GET", "401", "/api/v1/books"): 1,
        (COUNT, "GET", "404", "unknown"): 1,
        (COUNT, "POST", "201", "/api/v1/loans"): 1,
    }


def test_what_is_refused_before_its_view_is_looked_for_is_counted(nobody, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    with changes(COUNT) as grown:
        assert nobody.post("/users", {"username": "x" * 100}).status_code == 413
    assert grown == {(COUNT, "POST", "413", "unknown"): 1}


def test_an_exception_that_reaches_the_server_is_a_500():
    def broken(environ, start_response):
        raise RuntimeError

    with changes(COUNT) as grown, pytest.raises(RuntimeError):
        ask("/", application=HTTPMetrics(broken))
    assert grown == {(COUNT, "GET", "500", "unknown"): 1}
    assert value("http_server_active_requests", http_request_method="GET") == 0


def test_a_request_is_active_until_it_is_answered(db):
    status, text = ask("/metrics")
    assert status == 200
    # The one that asked.
    assert 'http_server_active_requests{http_request_method="GET"} 1.0' in text
    assert value("http_server_active_requests", http_request_method="GET") == 0


def test_nothing_that_a_client_makes_up_makes_a_series(transactional_db, reader):
    def send(number):
        answers = [
            ask(f"/odd/{number}"),
            ask(f"/api/v1/odd-{number}/{number}"),
            ask(f"/api/v1/books/{number}x"),
            ask(f"/api/v1/books/{10**6 + number}", token=token),
            ask(f"/api/v1/loans/{10**6 + number}", token=token),
            ask("/api/v1/books", query=f"q{number}={number}"),
            ask("/api/v1/books", method=f"ODD{number}", token=token),
            ask("/api/v1/books", query=f"title={number}", token=token),
        ]
        assert [status for status, _ in answers] == [404] * 5 + [401, 403, 200]

    token = reader._credentials["HTTP_AUTHORIZATION"].split()[1]
    send(0)
    before = series("http_", "db_", "cache_", "library_").keys()
    for number in range(1, 126):
        send(number)
    assert series("http_", "db_", "cache_", "library_").keys() == before
    methods = {dict(labels).get("http_request_method") for _, labels in before}
    assert "_OTHER" in methods and not any("ODD" in str(each) for each in methods)


def test_each_query_is_timed(reader):
    with changes(QUERIES) as grown, CaptureQueriesContext(connection) as queries:
        reader.get("/loans")
    assert len(queries) > 1
    assert grown == {(QUERIES, "SELECT"): len(queries)}


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT 1", "SELECT"),
        ("  select 1", "SELECT"),
        ("UPDATE books SET stock = 1 WHERE id = -1", "UPDATE"),
        ("DELETE FROM books WHERE id = -1", "DELETE"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "OTHER"),
        ("SAVEPOINT x", "OTHER"),
    ],
)
def test_a_query_is_named_by_its_first_word(sql, name):
    before = value(QUERIES, db_operation_name=name)
    database_metrics._timed(lambda sql, *_: None, sql, None, False, {})
    assert value(QUERIES, db_operation_name=name) == before + 1


def test_a_query_that_fails_is_timed_as_well(transactional_db):
    before = value(QUERIES, db_operation_name="SELECT")
    with connection.cursor() as cursor, pytest.raises(Exception, match="nowhere"):
        cursor.execute("SELECT * FROM nowhere")
    assert value(QUERIES, db_operation_name="SELECT") == before + 1


def test_open_connections_are_counted(transactional_db, nobody):
    """Each thread has its own. That of a thread that ended is none any more."""
    seen = []

    def connect():
        connection.ensure_connection()
        seen.append(value("db_client_connection_count"))
        connection.close()
        database_metrics.count_connections()
        seen.append(value("db_client_connection_count"))

    connection.ensure_connection()
    database_metrics.count_connections()
    before = value("db_client_connection_count")
    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    assert before >= 1
    assert seen == [before + 1, before]


def test_who_watches_queries_for_a_while_stays_no_longer(transactional_db):
    """The first query opens the connection, which adds the timer."""
    calls = []

    def watch(execute, *arguments):
        calls.append(1)
        return execute(*arguments)

    connection.close()
    connection.execute_wrappers.clear()
    with connection.execute_wrapper(watch), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.execute_wrappers == [database_metrics._timed]


def test_loans_returns_and_conflicts_are_counted(transactional_db, reader):
    book = BookFactory(stock=2)
    sent = {"book_id": book.pk, "quantity": 2}
    with changes("library_loans_total", "library_stock") as grown:
        loan = reader.post("/loans", sent).json()["loan_id"]
        assert reader.post("/loans", sent).status_code == 409
        assert reader.post("/loans", sent | {"quantity": 30}).status_code == 409
        for status in (200, 409):
            answer = reader.patch(f"/loans/{loan}", {"is_returned": True})
            assert answer.status_code == status
    assert grown == {
        ("library_loans_total", "borrowed"): 1,
        ("library_loans_total", "returned"): 1,
        # The other 409 is the limit of one reader.
        ("library_stock_conflicts_total",): 1,
    }


def test_what_runs_is_told():
    about = {"release": "dev", "python": platform.python_version()}
    assert value("library_build_info", django=django.__version__, **about) == 1


def test_no_label_tells_of_a_person(transactional_db, client):
    user = UserFactory(username="unmistakable", email="somebody-known@example.com")
    reader = Client(user)
    login = {"email": user.email, "password": PASSWORD}
    reader.post("/auth/login", login)
    reader.post("/auth/login", login | {"password": "wrong-one"})
    reader.get(f"/users/{user.pk}")
    reader.get("/books?title=a-secret-wish")
    text = client.get("/metrics").text
    for word in (
        "unmistakable",
        "somebody-known",
        "a-secret",
        "127.0.0.1",
        "wrong-one",
    ):
        assert word not in text
    names = {
        name
        for family in text_string_to_metric_families(text)
        if family.name.startswith(("http_", "db_", "cache_", "library_", "requests_"))
        for sample in family.samples
        for name in sample.labels
    }
    assert names <= {
        *("http_request_method", "http_route", "http_response_status_code", "le"),
        *("db_operation_name", "action", "event", "release", "python", "django"),
        *("view", "result", "reason", "table", "operation", "status"),
    }


def test_the_table_of_metrics_is_whole(client):
    text = client.get("/metrics").text
    found = {
        family.name: family.type for family in text_string_to_metric_families(text)
    }
    ours = {
        name: kind
        for name, kind in found.items()
        if name.startswith(("http_", "db_", "cache_", "library_"))
    }
    assert ours == {
        "http_server_request_duration_seconds": "histogram",
        "http_server_active_requests": "gauge",
        "db_client_operation_duration_seconds": "histogram",
        "db_client_connection_count": "gauge",
        "library_loans": "counter",
        "library_stock_conflicts": "counter",
        "library_security_events": "counter",
        "library_build_info": "gauge",
        "cache_reads": "counter",
        "cache_bypasses": "counter",
        "cache_not_modified": "counter",
        "cache_wait_duration_seconds": "histogram",
        "cache_intents": "counter",
        "cache_invalidations": "counter",
        "cache_pending": "counter",
        "cache_overdue": "counter",
        "cache_pending_invalidations": "gauge",
        "cache_store_duration_seconds": "histogram",
        "cache_breaker_open": "gauge",
        "cache_entry_size_bytes": "histogram",
    }
    assert {"process_resident_memory_bytes", "process_cpu_seconds"} <= found.keys()
    assert "python_gc_collections" in found
