"""The release is asked for from outside, as a reader would."""

import socket
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from ci.release import health
from ci.release.command import ReleaseError
from tests.answering import Answering, serving
from tests.cloud import Clock
from tools.ports import free_port

pytestmark = pytest.mark.once

TAG, OTHER = "a" * 40, "b" * 40


class Handler(Answering):
    """Gives one answer after the other; the last one to all who still ask."""

    def do_GET(self):
        site = self.server.site
        site.asked.append(self.path)
        self.answer(*site.answers[min(len(site.asked), len(site.answers)) - 1])


@pytest.fixture
def site():
    """The API: `answers` are what it says, `asked` are the paths."""
    with serving(Handler) as server:
        server.site = SimpleNamespace(answers=[], asked=[], url=f"{server.url}/api")
        yield server.site


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(health, "time", clock)
    return clock


def healthy(tag):
    return 200, f'{{"status": "ok", "release": "{tag}"}}'.encode()


ILL = 503, healthy(TAG)[1]


@pytest.mark.parametrize(
    ("answer", "release"),
    [
        (healthy(TAG), TAG),
        (healthy(OTHER), OTHER),
        ((200, b'{"release": 7}'), "7"),
        (ILL, None),
        ((404, b""), None),
        ((200, b"<html>"), None),
        ((200, b"\xff"), None),
        ((200, b""), None),
        ((200, b'{"status": "ok"}'), None),
        ((200, b"[]"), None),
        ((200, b"null"), None),
        ((200, b"7"), None),
    ],
)
def test_only_a_healthy_answer_counts(site, answer, release):
    site.answers = [answer]
    assert health.serving(site.url) == release
    assert site.asked == ["/api/common/health-check"]


def test_an_answer_that_is_an_error_is_closed(site, monkeypatch):
    def closing(error):
        closed.append(error.code)
        close(error)

    closed, close = [], urllib.error.HTTPError.close
    monkeypatch.setattr(urllib.error.HTTPError, "close", closing)
    site.answers = [ILL]
    health.serving(site.url)
    assert closed == [503]


def test_nothing_there_is_no_release():
    assert health.serving(f"http://127.0.0.1:{free_port()}") is None


def test_no_answer_is_waited_for_for_long(monkeypatch):
    def urlopen(address, timeout):
        waited.append(timeout)
        raise TimeoutError

    waited = []
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert health.serving("http://127.0.0.1") is None
    assert waited == [10]


def test_the_new_release_is_waited_for(site, clock, capsys):
    site.answers = [ILL, healthy(OTHER), (200, b"<html>"), healthy(TAG)]
    health.check(site.url, TAG)
    assert capsys.readouterr().out == f"{TAG} answers at {site.url}\n"
    assert (len(site.asked), clock.now) == (4, 3)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(healthy(OTHER), f"release {OTHER} answers"), (ILL, "nothing answers")],
)
def test_but_not_for_ever(site, clock, capsys, answer, said):
    site.answers = [answer]
    with pytest.raises(ReleaseError) as refusal:
        health.check(site.url, TAG)
    assert str(refusal.value) == f"{said} at {site.url}, not {TAG}"
    assert capsys.readouterr().out == ""
    # The last one after 30 seconds of patience.
    assert (len(site.asked), clock.now) == (32, 31)


def test_a_release_that_comes_in_the_last_second_is_in_time(site, clock, monkeypatch):
    monkeypatch.setattr(health, "PATIENCE", 1)
    site.answers = [ILL, ILL, healthy(TAG)]
    health.check(site.url, TAG)
    assert clock.now == 2


@pytest.mark.parametrize(
    "sent", [b"", b"hello", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"]
)
def test_an_answer_that_is_cut_off_is_none(sent):
    """As while a container is replaced."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        assert health.serving(url) is None
        thread.join()
