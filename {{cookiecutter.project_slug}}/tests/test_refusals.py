"""What the server refuses before Django hears of it has the API's error shape, too."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from config.refusals import refusal
from tests import live

pytestmark = pytest.mark.once

PATH = b"/api/v1/common/health-check"
REFUSED = {
    b"GET %s HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
    b"GET %s HTTP/1.1\r\nHost : localhost\r\n\r\n": 400,
    b"GET localhost%s HTTP/1.1\r\nHost: localhost\r\n\r\n": 400,
    b"G\xc9T %s HTTP/1.1\r\nHost: localhost\r\n\r\n": 400,
    b"GET %s HTTP/1.1\r\nHost: localhost\r\nExpect: much\r\n\r\n": 417,
    b"GET %s HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000 + b"\r\n\r\n": 431,
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Yield the address of a server."""
    folder = tmp_path_factory.mktemp("refusals")
    env = live.environment(f"sqlite:///{folder / 'db'}", REDIS_URL="")
    with live.gunicorn(env | {"WEB_CONCURRENCY": "1"}) as (address, _):
        yield address


def ask(address, request):
    """Return the head and the body of the answer to these bytes."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), 60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


@pytest.mark.parametrize(("request_", "status"), REFUSED.items())
def test_a_request_that_can_not_be_read_gets_json(address, request_, status):
    head, body = ask(address, request_ % PATH)
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "Content-Type: application/json" in head.splitlines()
    assert f"Content-Length: {len(body)}" in head.splitlines()
    document = json.loads(body)
    assert document["type"] == "client_error"
    [error] = document["errors"]
    assert set(error) == {"code", "detail", "attr"}


def test_no_header_says_where_the_api_is(address):
    request = b"GET %s HTTP/1.1\r\nHost: localhost\r\nSCRIPT_NAME: /evil\r\n\r\n"
    head, _ = ask(address, request % PATH)
    assert head.startswith("HTTP/1.1 200 ")


def test_an_application_that_broke_is_the_servers_error():
    page = (
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n\r\n<html>"
    )
    head, _, body = refusal(page, ("127.0.0.1", 1)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"html" not in head + body
    assert json.loads(body)["type"] == "server_error"
