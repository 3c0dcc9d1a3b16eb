"""What an SQLite file notes of a change by another program, and the store that reads it.

In one process, so that each change is seen by itself. test_other_processes.py has the
same between processes.
"""

import contextlib
import sqlite3

import pytest
from django.db import connection

from caching.change_log import is_shared_file
from caching.stores import Unavailable, get_store
from tests.factories import BookFactory, TagFactory

pytestmark = pytest.mark.once

ISBN = "9788937460449"
COLUMNS = "isbn, title, author, publisher, stock, published_at, created_at"
COPY = f"SELECT 3, {COLUMNS} FROM books_book WHERE id = 1"
NAMES = ["books", "books:1", "books:2", "tags", "tags:1"]


@pytest.fixture
def outside(transactional_db):
    """Yield a connection that knows nothing of Django, to two books of one tag."""
    tag = TagFactory(pk=1, name="Rivers")
    BookFactory(pk=1, isbn=ISBN, title="One", stock=3, tags=[tag])
    BookFactory(pk=2, title="Two", stock=3, tags=[tag])
    name = connection.settings_dict["NAME"]
    with contextlib.closing(sqlite3.connect(name, timeout=60)) as session:
        yield session


def logged(outside, statement):
    """Return what a statement leaves in the log."""
    with outside:
        [last] = outside.execute("SELECT max(id) FROM caching_change").fetchone()
        outside.execute(statement)
        newer = "SELECT name, change FROM caching_change WHERE id > ? ORDER BY id"
        return outside.execute(newer, (last,)).fetchall()


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ("UPDATE books_book SET stock = 2 WHERE id = 1", ["1:stock"]),
        ("UPDATE books_book SET title = 'one' WHERE id = 1", ["1:title"]),
        (
            "UPDATE books_book SET stock = 1, title = 'A' WHERE id = 2",
            ["2:title,stock"],
        ),
        ("UPDATE books_book SET stock = stock, title = title", []),
        ("UPDATE books_book SET id = 9 WHERE id = 1", ["*:*"]),
        ("DELETE FROM books_book_tags WHERE book_id = 1", ["1:tags"]),
        ("INSERT INTO books_book_tags (book_id, tag_id) VALUES (7, 1)", ["7:tags"]),
        (
            "UPDATE books_book_tags SET book_id = 8 WHERE book_id = 1",
            ["1:tags", "8:tags"],
        ),
        (
            f"INSERT INTO books_book (id, {COLUMNS}) "
            "SELECT 3, '9780306406157', title, author, publisher, stock, published_at, "
            "created_at FROM books_book WHERE id = 1",
            ["3:*"],
        ),
        # SQLite fires no trigger for the row that such a statement removes.
        (f"REPLACE INTO books_book (id, {COLUMNS}) {COPY}", ["1:*", "3:*"]),
        (
            f"UPDATE OR REPLACE books_book SET isbn = '{ISBN}' WHERE id = 2",
            ["1:*", "2:isbn"],
        ),
    ],
)
def test_the_log_has_what_changed_and_no_more(outside, statement, changes):
    assert logged(outside, statement) == [("books", change) for change in changes]


def test_the_store_renews_the_stamps_of_what_another_program_changed(outside):
    store = get_store()
    before = store.open(NAMES)
    assert store.read([], NAMES)[1] == before
    with outside:
        outside.execute("UPDATE books_book SET stock = 2 WHERE id = 1")
    after = store.read([], NAMES)[1]
    assert [name for name in NAMES if after[name] != before[name]] == [
        "books",
        "books:1",
    ]
    assert store.read([], NAMES)[1] == after


def test_what_is_not_committed_renews_nothing(outside):
    store = get_store()
    before = store.open(NAMES)
    outside.execute("UPDATE books_book SET stock = 2 WHERE id = 1")
    assert store.read([], NAMES)[1] == before
    outside.rollback()
    assert store.read([], NAMES)[1] == before


def test_without_its_triggers_the_store_says_that_it_is_unavailable(outside):
    store = get_store()
    store.open(NAMES)
    find = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    [(name, statement), *_] = outside.execute(find).fetchall()
    with outside:
        outside.execute(f'DROP TRIGGER "{name}"')
    try:
        with pytest.raises(Unavailable):
            store.read([], NAMES)
    finally:
        with outside:
            outside.execute(statement)
    assert store.open(NAMES)


def test_a_file_is_shared_and_a_database_in_memory_is_not(db, monkeypatch):
    assert is_shared_file(connection)
    monkeypatch.setitem(connection.settings_dict, "NAME", ":memory:")
    assert not is_shared_file(connection)
