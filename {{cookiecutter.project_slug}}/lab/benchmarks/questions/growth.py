"""How does the API's own time grow with the number of books?

The API computes pages, without an entry in its cache, from more and more books in
PostgreSQL: the first page; one in the middle, by its number and by the place after
which it begins; a text filter; two tags; a text filter with a tag. Once with an empty
cache, and once with the count of all books found still cached (it is the same for all
pages). The books are those of `make seed`, repeated, so among ten times as many books a
filter finds ten times as many.
"""

import contextlib
import itertools
import time

import psycopg

from lab.benchmarks.environment import BOOKS
from lab.benchmarks.measure import API, bar, baselines_beside, single, turns

TITLE = "Growth, with books in PostgreSQL"
PATHS = {
    "first page": "page_size=20",
    "deep page": "page_size=20&page={page}",
    "deep, after a place": "page_size=20&after={place}",
    "text filter": "page_size=20&title=river",
    "two tags": "page_size=20&tag=1&tag=2&tag_option=and",
    "text and tag": "page_size=20&title=river&tag=1",
}
# Reads in each round.
TIMES = 3
# The keys that are not deleted before a page is read.
KEPT = {"nothing": [], "the count": [b":count:"]}
# Deletes every book but the first ones, as many as `books` says.
REMOVE = """
WITH more AS (SELECT id FROM books_book ORDER BY id OFFSET %(books)s),
    links AS (DELETE FROM books_book_tags WHERE book_id IN (TABLE more))
DELETE FROM books_book WHERE id IN (TABLE more)
"""
# Books added at a time. The ISBNs of the first books begin with 979, theirs with 0.
CHUNK = 50_000
ADD_BOOKS = """
INSERT INTO books_book
    (isbn, title, author, publisher, stock, published_at, created_at)
SELECT lpad(n::text, 13, '0'), title, author, publisher, stock,
    published_at + n %% 365, created_at
FROM generate_series(%(first)s::int, %(last)s::int) AS n
JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place FROM books_book
      WHERE isbn >= '9') AS model
    ON place = 1 + abs(hashint4(n::int)) %% %(there)s
ORDER BY n
"""
ADD_TAGS = """
INSERT INTO books_book_tags (book_id, tag_id)
SELECT book.id, link.tag_id
FROM books_book AS book
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM books_book
      WHERE isbn >= '9') AS model
    ON place = 1 + abs(hashint4(book.isbn::bigint::int)) %% %(there)s
JOIN books_book_tags AS link ON link.book_id = model.id
WHERE book.isbn BETWEEN lpad(%(first)s::text, 13, '0') AND lpad(%(last)s::text, 13, '0')
"""


def ask(servers, plan, results, environment):
    """Measure each page at each number of books."""
    with contextlib.ExitStack() as stack:
        grown = _libraries(environment, stack, results, plan)
        cases = list(itertools.product(PATHS, grown, KEPT))
        baselines = stack.enter_context(baselines_beside(environment, 20, "baselines"))
        for _, (page, books, kept), _ in turns("growth", plan.rounds, cases, [None]):
            case = {"page": page, "books": books, "kept": kept}
            for figures in _read(grown[books], page, books, KEPT[kept], baselines):
                results.add("growth", "ours", case, **figures)


def _libraries(environment, stack, results, plan):
    """Return {number of books: a Server of the API that holds them}."""
    grown = {}
    with bar("growth, load", sum(plan.books)) as drawn:
        for books in plan.books:
            url, start = environment.database(environment.base), time.perf_counter()
            with psycopg.connect(url, autocommit=True) as connection:
                _grow(connection, books, drawn)
            took = time.perf_counter() - start
            results.add("growth", "load", {"books": books}, seconds=took)
            grown[books] = environment.serve("ours", url, stack)
    return grown


def _grow(connection, books, drawn):
    there = min(books, BOOKS)
    connection.execute(REMOVE, {"books": books})
    drawn.update(there)
    missing = books - there
    for first in range(1, missing + 1, CHUNK):
        last = min(first + CHUNK - 1, missing)
        part = {"first": first, "last": last, "there": there}
        connection.execute(ADD_BOOKS, part)
        connection.execute(ADD_TAGS, part)
        drawn.update(last - first + 1)
    connection.execute("VACUUM ANALYZE")


def _read(server, page, books, spared, baselines):
    path = f"{API}?{PATHS[page].format(page=books // 40, place=books // 2)}"
    with server.connect() as connection:
        connection.get(f"{API}?page_size=1")
        connection.get(path)
        for _ in range(TIMES):
            server.forget(*spared)
            _, figures = single(connection, path, baselines)
            yield figures
