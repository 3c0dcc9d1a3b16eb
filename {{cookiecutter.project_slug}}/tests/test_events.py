"""The security log: one line of JSON for each event, and counters in /metrics"""

import json
import logging
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from common import events
from common.events import COUNTERS, EVENTS, account, record
from common.logs import JSONLine, TextLine
from tests.clients import Client as APIClient
from tests.factories import PASSWORD, TagFactory, UserFactory
from users import families
from users.models import User

pytestmark = pytest.mark.once

PAGE = Path(__file__).resolve().parent.parent / "docs/security.md"
# What would end a line, or look like the start of another.
EVIL = 'x\r\n{"event": "logged_out_everywhere"}\x1b[2J\x85\u2028'


@pytest.fixture
def told():
    """Yield the lines that the security log gets, as JSON is read."""
    lines = Lines()
    events.logger.addHandler(lines)
    yield lines.read
    events.logger.removeHandler(lines)


class Lines(logging.Handler):
    """Keeps what is written, read again."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JSONLine())
        self.read = []

    def emit(self, record):
        """Keep a line."""
        line = self.format(record)
        assert line.isascii() and line.isprintable()
        self.read.append(json.loads(line))


def log_in(client, email="reader@example.com", password="wrong"):
    return client.post("/auth/login", {"email": email, "password": password})


def test_a_failed_login_tells_address_and_account(nobody, told):
    UserFactory(email="reader@example.com")
    answer = log_in(nobody)
    [line] = told
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "log": "library.security",
        "event": "failed_login",
        "request_id": answer.headers["X-Request-ID"],
        "address": "127.0.0.1",
        "method": "POST",
        "path": "/api/v1/auth/login",
        "account": account("Reader@Example.com"),
    }
    assert re.fullmatch("[0-9a-f]{16}", line["account"])


def test_every_failed_login_is_a_line_and_a_count(nobody, told):
    before = COUNTERS["failed_login"]._value.get()
    for number in range(5):
        log_in(nobody, f"reader-{number}@example.com")
    assert [line["event"] for line in told] == ["failed_login"] * 5
    assert len({line["account"] for line in told}) == 5
    assert COUNTERS["failed_login"]._value.get() == before + 5


def test_a_login_that_succeeds_is_none(nobody, told):
    UserFactory(email="reader@example.com")
    assert log_in(nobody, password=PASSWORD).status_code == 200
    assert told == []


def test_a_refused_token_is_a_line_and_its_absence_none(nobody, told):
    assert nobody.get("/loans").status_code == 401
    assert told == []
    for path in ("/loans", "/books"):
        answer = nobody.get(path, HTTP_AUTHORIZATION="Bearer a.b.c")
        assert answer.status_code == 401
    nobody.post("/token/refresh", {"refresh_token": "a.b.c"})
    assert [(line["event"], line["token"]) for line in told] == [
        ("refused_token", "access"),
        ("refused_token", "access"),
        ("refused_token", "refresh"),
    ]
    assert "a.b.c" not in json.dumps(told)


def test_who_is_throttled_is_told(nobody, client, told):
    UserFactory(email="reader@example.com")
    answers = [log_in(nobody) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert [line["event"] for line in told] == ["failed_login"] * 10 + ["throttled"]
    login = reverse("admin:login")
    assert client.post(login, {"username": "x", "password": "x"}).status_code == 429
    assert told[-1]["event"] == "throttled"


def test_a_body_that_is_too_large_is_a_limit_met(nobody, told, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = nobody.post("/users", {"username": "x" * 100})
    assert answer.status_code == 413
    assert [(line["event"], line["status"]) for line in told] == [("limit_met", 413)]


@pytest.mark.django_db
def test_a_failed_login_to_the_admin_site_is_another_event(client, told):
    pair = {"username": "Somebody@example.com", "password": "wrong"}
    client.post(reverse("admin:login"), pair)
    [line] = told
    assert line["event"] == "failed_admin_login"
    assert line["account"] == account("somebody@example.com")
    assert line["path"] == reverse("admin:login")


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(
        User.objects.create_superuser("boss", "boss@example.com", PASSWORD)
    )
    return client


def test_what_changes_in_the_admin_site_is_told(
    admin, told, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("admin:books_tag_add"), {"name": "Art"})
    entry = LogEntry.objects.get()
    [line] = told
    assert (line["event"], line["action"]) == ("admin_change", "addition")
    assert (line["model"], line["object"]) == ("tag", entry.object_id)
    assert line["by"] == entry.user_id


@pytest.mark.parametrize("count", [1, 3])
def test_each_of_several_deletions_is_told(
    admin, told, count, django_capture_on_commit_callbacks
):
    tags = [TagFactory() for _ in range(count)]
    chosen = {"action": "delete_selected", "post": "yes"}
    chosen["_selected_action"] = [tag.pk for tag in tags]
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("admin:books_tag_changelist"), chosen)
    assert {line["object"] for line in told} == {str(tag.pk) for tag in tags}
    assert [line["action"] for line in told] == ["deletion"] * count


def test_the_end_of_a_readers_sessions_is_told_once(reader, nobody, told):
    def post(client, path, **body):
        return client.post(path, body).status_code

    old = families.begin(user=reader.user)["refresh_token"]
    families.rotate(refresh_token=old)
    refreshed = [post(nobody, "/token/refresh", refresh_token=old) for _ in range(3)]
    assert refreshed == [401] * 3
    new = {"password": PASSWORD, "new_password": f"{PASSWORD}-new"}
    assert post(reader, "/auth/password", **new) == 200
    again = APIClient(User.objects.get(pk=reader.user.pk))
    assert post(again, "/auth/logout-all") == 204
    events = ["refresh_reuse", "password_changed", "logged_out_everywhere"]
    assert [line["event"] for line in told] == events
    assert {line["account"] for line in told} == {account(reader.user.email)}


@pytest.mark.django_db
def test_no_text_of_a_client_makes_a_line(client, nobody, told):
    path = reverse("admin:login") + quote(EVIL)
    client.post(reverse("admin:login"), {"username": EVIL, "password": "x"})
    nobody.get(f"/books/{quote(EVIL)}", HTTP_AUTHORIZATION=f"Bearer {quote(EVIL)}")
    log_in(nobody, EVIL)
    record("refused_token", path=path, email=EVIL)
    assert {line["event"] for line in told} <= {"failed_admin_login", "refused_token"}
    assert told[-1]["email"] == EVIL


def test_a_line_for_people_never_begins_as_an_event_does():
    line = TextLine("%(levelname)s [%(request_id)s] %(message)s").format
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "It: %s", (EVIL,), told)
    lines = line(record).split("\n")
    assert lines[0] == "ERROR [-] It: x\\x0d"
    assert all(one.startswith("    ") for one in lines[1:])
    assert "\x1b" not in line(record)


def test_an_event_that_is_no_event_is_refused():
    with pytest.raises(KeyError):
        record("gossip")


def test_all_of_them_are_in_the_metrics(client):
    text = client.get("/metrics").text
    [family] = [
        each
        for each in text_string_to_metric_families(text)
        if each.name == "library_security_events"
    ]
    counted = {
        each.labels["event"] for each in family.samples if each.name.endswith("_total")
    }
    assert counted == set(EVENTS)


def test_the_page_tells_of_exactly_these_events():
    named = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert named == sorted(EVENTS)
