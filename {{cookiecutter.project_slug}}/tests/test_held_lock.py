"""While somebody holds a lock, whoever needs it is told to come again; others go on."""

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

import psycopg
import pytest

from tests import live, servers

pytestmark = pytest.mark.once

BORROWERS, HONEST = 64, 25
LIBRARIAN = {"email": "boss@example.com", "password": "a long unlikely phrase"}
# How a person at a prompt, or a migration, holds the table; and only one row of it.
HOLDS = {
    "the table": "LOCK TABLE books_book IN EXCLUSIVE MODE",
    "the book": "SELECT FROM books_book FOR UPDATE",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve one book by two workers; yield the database, the address and a token."""
    with contextlib.ExitStack() as stack:
        try:
            postgres = stack.enter_context(servers.postgres())
        except servers.Unavailable as reason:
            pytest.skip(str(reason))
        url = stack.enter_context(servers.new_database(postgres))
        redis = stack.enter_context(servers.redis())
        env = live.environment(url, REDIS_URL=redis, WEB_CONCURRENCY="2")
        live.manage("migrate", "--verbosity=0", env=env)
        live.manage("seed_library", "--books", "1", env=env)
        live.create_superuser(env=env, **LIBRARIAN)
        address, _ = stack.enter_context(live.gunicorn(env))
        yield url, address, live.log_in(address, **LIBRARIAN)


def borrow(address, token, book_id):
    """Return the status of a loan, its header Retry-After, and what its error says."""
    try:
        live.send(f"{address}/loans", {"book_id": book_id}, token)
    except HTTPError as error:
        with error:
            [said] = json.load(error)["errors"]
            return error.code, error.headers["Retry-After"], said["detail"]
    return 201, None, None


@pytest.mark.parametrize("statement", HOLDS.values(), ids=HOLDS)
def test_a_held_lock_is_a_503_and_health_and_reads_go_on(server, statement):
    url, address, token = server
    [book] = live.send(f"{address}/books", token=token)["results"]
    ask = (address, token, book["book_id"])
    with psycopg.connect(url) as holder, ThreadPoolExecutor(BORROWERS) as crowd:
        holder.execute(statement)
        borrowers = [crowd.submit(borrow, *ask) for _ in range(BORROWERS)]
        for _ in range(HONEST):
            health = live.send(f"{address}/common/health-check")
            assert health["status"] == "ok"
            assert live.send(f"{address}/books?page_size=7", token=token)
            assert live.send(f"{address}/loans", token=token)
        answers = [each.result() for each in borrowers]
        holder.rollback()
    assert {answer[:2] for answer in answers} == {(503, "5")}
    # The first waited for the lock. The last would have waited for all of those.
    unread = [detail.startswith("Refused unread") for *_, detail in answers]
    assert True in unread and False in unread
    assert borrow(*ask)[0] == 201
