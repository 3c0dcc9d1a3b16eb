"""The page /cache in a browser: what it shows is what happened."""

import threading

import pytest

from tests.docs.browser import STICKING_OUT, WINDOWS, chromium, program, tab
from tests.layers import leave_out
from tests.polling import wait_until

from .accounts import client_of
from .conftest import opened, prepare
from .databases import database
from .server import serve, variables_for

pytestmark = pytest.mark.deep
SECONDS = 300
READS, WRITES = 12, 6
ROWS = """() => [...document.querySelectorAll("#notes li[data-kind]")]
  .map((row) => ({ ...row.dataset, text: row.innerText }))"""
TABLE = """() => ({ ...document.querySelector("[data-table=books]").dataset,
  text: document.querySelector("[data-table=books]").innerText })"""


@pytest.fixture(scope="module")
def browser():
    if not (path := program()):
        leave_out("no Chromium: apt install chromium, or set CHROMIUM to one")
    with chromium(path) as running:
        yield running


@pytest.fixture(scope="module")
def watched(project, tmp_path_factory):
    """A service with the page."""
    folder = tmp_path_factory.mktemp("watched")
    with database("sqlite", project, folder) as url:
        variables = variables_for(DATABASE_URL=url, CACHE_PAGE="on")
        librarian = prepare(project, variables)
        with serve(project, folder / "log", variables) as address:
            with client_of(address) as client:
                yield opened(client, variables, librarian)


def at_once(*actions):
    """Run the actions in threads that begin together; gives what they returned."""
    given, barrier = {}, threading.Barrier(len(actions))

    def run(number, action):
        barrier.wait()
        given[number] = action()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [given[number] for number in range(len(actions))]


def reading(reader):
    return [reader.get(path) for path in ("/books", "/books/1") * READS]


def writing(librarian):
    return [librarian.patch("/books/1", json={"stock": n}) for n in range(WRITES)]


def shown(page, ids):
    """The rows of the page, oldest first, once all these requests are among them."""

    def complete():
        rows = page.evaluate(ROWS)[::-1]
        there = {row["request"] for row in rows if row["kind"] == "request"}
        return rows if ids <= there else None

    return wait_until(complete, "the page to show all requests", SECONDS)


def test_two_readers_and_a_writer_are_shown_as_they_were(browser, watched):
    with tab(browser, "desktop") as (page, complaints):
        page.goto(f"{watched.url}/cache")
        page.wait_for_selector("[data-table=books]")
        *reads, writes = at_once(
            lambda: reading(watched.reader),
            lambda: reading(watched.other_reader),
            lambda: writing(watched.librarian),
        )
        reads = sum(reads, [])
        happened = {
            answer.headers["X-Request-ID"]: answer for answer in [*reads, *writes]
        }
        rows = shown(page, set(happened))
        assert complaints == []
    # The page has older ones, too: of whoever was there before.
    own = [number for number, row in enumerate(rows) if row["request"] in happened]
    rows = rows[own[0] :]
    requests = [row for row in rows if row["kind"] == "request"]
    about_books = [row for row in requests if "/api/v1/books" in row["text"]]
    assert {row["request"] for row in about_books} == set(happened)
    assert len(about_books) == len(happened)
    for row in about_books:
        check_request(row, happened[row["request"]])
    check_writes(rows, writes)
    check_locks(rows, reads)


def check_request(row, answer):
    """The page says of a request what its client was told."""
    result, _, reason = answer.headers.get("X-Cache", "").partition("; ")
    assert row["result"] == (result or str(answer.status_code))
    assert (row["reason"], row["status"]) == (reason, str(answer.status_code))
    assert answer.request.method + " " + answer.request.url.path in row["text"]
    # A hit makes no query. (Who waited may have asked who it is.)
    assert result != "MISS" or int(row["queries"]) > 0
    assert bool(row["key"]) == bool(result)


def check_writes(rows, writes):
    """Each write left its intent, then renewed the stamps, in the writer's order."""
    ids = [answer.headers["X-Request-ID"] for answer in writes]
    kinds = ("intent", "invalidated")
    steps = [(row["request"], row["kind"]) for row in rows if row["kind"] in kinds]
    assert steps == [(each, kind) for each in ids for kind in kinds]


def check_locks(rows, reads):
    """Whoever holds the lock on an answer is one of the requests that wanted it."""
    keys = {row["request"]: row["key"] for row in rows if row["kind"] == "request"}
    locked = [row for row in rows if row["kind"] == "locked"]
    about = [r for r in locked if r["key"].startswith(("books:list", "books:detail"))]
    assert about
    assert [row["key"] for row in about] == [keys[row["request"]] for row in about]


def test_who_computes_is_shown_with_the_lock(browser, watched):
    with tab(browser, "desktop") as (page, complaints):
        page.goto(f"{watched.url}/cache")
        page.wait_for_selector("[data-table=books]")
        watched.librarian.patch("/books/4", json={"title": "Locked"})
        answer = watched.reader.get("/books/4")
        assert answer.headers["X-Cache"] == "MISS"
        rows = shown(page, {answer.headers["X-Request-ID"]})
        [*_, locked] = [row for row in rows if row["kind"] == "locked"]
        assert locked["request"] == answer.headers["X-Request-ID"]
        assert locked["key"].startswith("books:detail:4:")
        ended = "the lock's end to be shown"
        wait_until(lambda: "held the lock" in lock_of(page, locked), ended, SECONDS)
        assert locked["request"][:6] in lock_of(page, locked)
        assert complaints == []


def lock_of(page, row):
    return page.locator("#locks li", has_text=row["key"]).inner_text()


def test_a_table_shows_its_last_change(browser, watched):
    with tab(browser, "desktop") as (page, complaints):
        page.goto(f"{watched.url}/cache")
        page.wait_for_selector("[data-table=books]")
        before = page.evaluate(TABLE)["token"]
        watched.reader.get("/books")
        watched.librarian.patch("/books/2", json={"title": "Watched"})
        renewed = "the table's stamp to be new"
        wait_until(lambda: page.evaluate(TABLE)["token"] != before, renewed, SECONDS)
        last = "the change to be shown"
        wait_until(
            lambda: "row 2 · title" in page.evaluate(TABLE)["text"], last, SECONDS
        )
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_sticks_out_in_either_language(
    browser, watched, language, window, scheme
):
    watched.reader.get("/books")
    words = {"en": ("Tables", "stamp"), "ko": ("테이블", "스탬프")}[language]
    with tab(browser, window, scheme, language) as (page, complaints):
        page.goto(f"{watched.url}/cache")
        page.wait_for_selector("[data-table=books]")
        page.wait_for_selector("#notes li[data-kind=request]")
        assert page.evaluate("document.documentElement.lang") == language
        assert all(word in page.inner_text("main") for word in words)
        assert page.evaluate(STICKING_OUT) == []
        assert complaints == []


def test_a_paused_page_holds_what_comes_and_then_shows_it(browser, watched):
    with tab(browser, "phone") as (page, complaints):
        page.goto(f"{watched.url}/cache")
        page.wait_for_selector("#notes li[data-kind=request]")
        page.locator("#pause").tap()
        answer = watched.reader.get("/books/3")
        # Another page has it, so this one was told, too, within a stream's length.
        with tab(browser, "desktop") as (other, _):
            other.goto(f"{watched.url}/cache")
            shown(other, {answer.headers["X-Request-ID"]})
        assert answer.headers["X-Request-ID"] not in str(page.evaluate(ROWS))
        page.locator("#pause").tap()
        shown(page, {answer.headers["X-Request-ID"]})
        assert complaints == []


def test_open_pages_leave_the_api_its_threads(browser, watched):
    """Of four pages the process holds two: readers are served all the same."""
    pages = [browser.new_page() for _ in range(4)]
    try:
        for page in pages:
            page.goto(f"{watched.url}/cache")
        for page in pages:
            page.wait_for_selector("[data-table=books]")
        answers = [watched.reader.get("/books") for _ in range(10)]
        assert {answer.status_code for answer in answers} == {200}
        ids = {answer.headers["X-Request-ID"] for answer in answers}
        for page in pages:
            shown(page, ids)
    finally:
        for page in pages:
            page.close()
