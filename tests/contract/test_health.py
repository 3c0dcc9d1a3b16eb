"""GET /common/health-check: public, 200 while readers can be served, else 503."""

import pytest

from .accounts import Account, client_of
from .server import serve, variables_for
from .shapes import ok

HEALTH = "/common/health-check"
NOWHERE = "127.0.0.1:1"
FIELDS = {"status", "database", "cache", "release"}


@pytest.fixture(scope="session")
def served_without(project, tmp_path_factory):
    """A function that serves the project while a server that it needs is away."""

    def start(**variables):
        log = tmp_path_factory.mktemp("without") / "log"
        return serve(project, log, variables_for(**variables))

    return start


def test_it_is_ok_for_anyone_while_all_is_well(stranger):
    body = ok(stranger.get(HEALTH))

    assert set(body) == FIELDS
    assert body["status"] == "ok"
    assert body["release"] == "contract-test"


def test_an_old_token_is_no_obstacle(stranger):
    stranger.access_token = "worn-out"

    assert ok(stranger.get(HEALTH))["status"] == "ok"


def test_without_its_database_it_is_unavailable(served_without):
    broken = f"postgres://nobody:nothing@{NOWHERE}/none"
    with served_without(DATABASE_URL=broken) as url, client_of(url) as client:
        response = client.get(HEALTH)

    body = ok(response, 503)
    assert set(body) == FIELDS
    assert body["status"] not in ("ok", "degraded")
    assert NOWHERE not in response.text
    assert "nothing" not in response.text


def test_without_its_cache_it_is_degraded_and_still_serves(served_without, service):
    variables = service.variables | {"REDIS_URL": f"redis://{NOWHERE}/0"}
    with served_without(**variables) as url, client_of(url) as client:
        body = ok(client.get(HEALTH))
        reader = Account(client, service.reader.email, "", service.reader.password)
        books = ok(reader.log_in().get("/books?page_size=1"))

    assert body["status"] == "degraded"
    assert body["cache"] != "ok"
    assert body["database"] == "ok"
    assert books["count"] > 0
