"""A statement that takes long is a line of the log, with the id of its request."""

import json
import logging

import pytest
from django.db import connection

from common import slow_queries

TITLE = "nobody may know what I look for"


@pytest.fixture
def logged(monkeypatch):
    """Return the fields of what is logged from now on."""
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.fields)
    monkeypatch.setattr(slow_queries.logger, "handlers", [handler])
    return records


@pytest.mark.parametrize(("limit", "is_logged"), [(0, True), (600_000, False)])
def test_it_logs_what_takes_as_long_as_the_setting_says(
    settings, reader, logged, limit, is_logged
):
    settings.SLOW_QUERY_MILLISECONDS = limit
    answer = reader.get("/loans")
    assert answer.status_code == 200
    assert bool(logged) is is_logged


def test_the_line_has_the_request_and_no_value_of_it(settings, reader, logged):
    settings.SLOW_QUERY_MILLISECONDS = 0
    answer = reader.get("/books", {"title": TITLE})
    [line] = [each for each in logged if "books_book" in each["statement"]][:1]
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["method"], line["path"]) == ("GET", "/api/v1/books")
    assert line["milliseconds"] >= 0
    assert "LIKE" in line["statement"].upper() and "%s" in line["statement"]
    assert TITLE not in json.dumps(logged)


def test_one_that_fails_is_logged(settings, db, logged):
    settings.SLOW_QUERY_MILLISECONDS = 0
    with pytest.raises(Exception, match="no_such_table"), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    assert [line["statement"] for line in logged] == ["SELECT * FROM no_such_table"]
    assert "request_id" not in logged[0]


def test_a_long_statement_is_cut(settings, db, logged):
    settings.SLOW_QUERY_MILLISECONDS = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 --" + "x" * 5000)
    assert len(logged[0]["statement"]) == slow_queries.LONGEST
