"""The access log: a line of JSON for each request, with the id that its answer has."""

import http.client
import json
import logging
import re
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest
from django.test import RequestFactory

from common import request_ids
from common.logs import TextLine
from common.request_ids import RequestIds
from tests import live

pytestmark = pytest.mark.once

# What a proxy makes, and what it never makes.
GIVEN = "01234567-89ab-4def-8123-456789abcdef"
ODD_IDS = ["", "short", "a" * 65, 'x"}\n{"event": "forged"}', "a b c d e f g"]


@contextmanager
def server(folder, **variables):
    """Yield a function that sends a request and returns its answer, read."""
    env = live.environment(f"sqlite:///{folder / 'db'}", WEB_CONCURRENCY="1")
    env |= {"REDIS_URL": "", "NUM_PROXIES": "0", "ACCESS_LOG": "on"} | variables
    live.manage("migrate", "--verbosity=0", env=env)
    with live.gunicorn(env) as (address, _):
        host = urlsplit(address).netloc

        def ask(method, path, body=None, **headers):
            sent = {name.replace("_", "-"): text for name, text in headers.items()}
            with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
                connection.request(method, path, body, sent)
                answer = connection.getresponse()
                answer.content = answer.read()
                return answer

        yield ask


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_a_line_for_each_request(tmp_path, capfd):
    wrong = json.dumps({"email": "a@example.com", "password": "never mind"})
    with server(tmp_path) as ask:
        capfd.readouterr()
        ask("GET", "/api/v1/common/health-check")
        none = ask("GET", "/api/v1/books/1?title=of-a-person", X_Request_ID=GIVEN)
        kind = {"Content_Type": "application/json", "X_Forwarded_For": "6.6.6.6"}
        login = ask("POST", "/api/v1/auth/login", wrong, **kind)
        forged = ask("GET", "/%0A%7B%22event%22%3A%22forged%22%7D%0D%1B")
        static = ask("HEAD", "/static/rest_framework/css/default.css")
    said = capfd.readouterr()
    access, [event] = lines(said.out), lines(said.err)
    ids = [each.headers["X-Request-ID"] for each in (none, login, forged, static)]
    assert GIVEN not in ids and len(set(ids)) == 4
    # A line is written after its answer, maybe after the next answer, too.
    access.sort(key=lambda line: ids.index(line["request_id"]))
    assert [line.pop("request_id") for line in access] == ids
    for line in access:
        assert line.pop("time") and line.pop("milliseconds") >= 0
    assert access[0] == {
        "log": "library.access",
        "event": "request",
        "address": "127.0.0.1",
        "method": "GET",
        "path": "/api/v1/books/1",
        "status": 401,
        "bytes": len(none.content),
        "x_cache": None,
    }
    assert [line["status"] for line in access] == [401, 401, 404, 200]
    assert access[2]["path"] == '/\n{"event":"forged"}\r\x1b'
    assert (event["event"], event["request_id"]) == ("failed_login", ids[1])
    assert event["address"] == "127.0.0.1"


def test_the_proxys_id_and_address_are_taken(tmp_path, capfd):
    through = {"X_Forwarded_For": "6.6.6.6, 192.0.2.7", "X_Request_ID": GIVEN}
    with server(tmp_path, NUM_PROXIES="1") as ask:
        capfd.readouterr()
        answer = ask("GET", "/api/v1/tags", Authorization="Bearer x", **through)
    assert answer.headers["X-Request-ID"] == GIVEN
    said = capfd.readouterr()
    for line in lines(said.out) + lines(said.err):
        assert (line["request_id"], line["address"]) == (GIVEN, "192.0.2.7")


def test_a_request_that_is_refused_unread_is_logged_too(tmp_path, capfd):
    with server(tmp_path) as ask:
        capfd.readouterr()
        ask("GET", "/api/v1/tags")
        assert ask("GET", "/" + "y" * 8000).status == 404
        assert ask("GET", "/x", X_Long="x" * 20000).status == 431
        assert ask("GET", "/" + "x" * 9000).status == 414
    said = capfd.readouterr()
    events = [(line["event"], line["status"]) for line in lines(said.err)]
    assert events == [("limit_met", 431), ("limit_met", 414)]
    assert max(len(line["path"]) for line in lines(said.out)) == 200
    # No line of theirs has the id of the request before.
    assert all("request_id" not in line for line in lines(said.err))


def test_it_can_be_switched_off(tmp_path, capfd):
    with server(tmp_path, ACCESS_LOG="off") as ask:
        capfd.readouterr()
        assert "X-Request-ID" in ask("GET", "/api/v1/tags").headers
    assert lines(capfd.readouterr().out) == []


def test_the_image_switches_it_on():
    image = (live.ROOT / "Dockerfile").read_text()
    assert re.search(r"^ +ACCESS_LOG=on$", image, re.MULTILINE)


def asked(given):
    """Return the id in the answer to a request with this X-Request-ID."""
    started = []
    environ = RequestFactory().get("/", HTTP_X_REQUEST_ID=given).environ

    def application(environ, start_response):
        start_response("200 OK", [])
        record = logging.LogRecord("x", logging.INFO, "x", 1, "said", (), None)
        return [TextLine("%(request_id)s %(message)s").format(record)]

    [line] = RequestIds(application)(environ, lambda *with_: started.extend(with_))
    request_ids.forget()
    [(name, request_id)] = started[1]
    assert (name, line) == ("X-Request-ID", f"{request_id} said")
    return request_id


@pytest.mark.parametrize("given", ODD_IDS)
def test_an_odd_id_is_replaced_whoever_sent_it(settings, given):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    assert asked(GIVEN) == GIVEN
    assert asked(given) != given


def test_without_a_proxy_no_id_is_trusted():
    assert asked(GIVEN) != GIVEN
