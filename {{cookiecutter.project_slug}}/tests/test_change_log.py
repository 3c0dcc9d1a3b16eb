"""What an SQLite file notes of a change by another program, and the store on top.

In one process, so that each change is seen by itself. test_other_processes.py has the
same between processes.
"""

import contextlib
import sqlite3

import pytest
from django.core.management import call_command
from django.db import connection

from caching.change_log import install, is_shared_file
from caching.stores import Unavailable, get_store, sqlite
from caching.stores.memory import MemoryStore
from caching.stores.sqlite import SQLiteStore
from caching.writes import invalidate
from tests.caches import caching
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
        session.rollback()
        install(session)


def triggers_of(session):
    """Return the names of a database's triggers."""
    find = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    return [name for (name,) in session.execute(find)]


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


def test_what_is_invalidated_by_hand_is_logged_unless_redis_tells_it(store, settings):
    last = "SELECT count(*), name, change FROM caching_change WHERE id > %s"
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM caching_change")
        [before] = cursor.fetchone()
        invalidate("tags", [7])
        cursor.execute(last, [before])
        found = cursor.fetchone()
    in_redis = bool(settings.CACHING["redis_url"])
    assert found == ((0, None, None) if in_redis else (1, "tags", "7:*"))


def test_while_nobody_commits_sqlite_is_asked_nothing(outside, monkeypatch):
    monkeypatch.setattr(sqlite, "FILE_CHECK", 600)
    store, asked = get_store(), []
    store.close()
    for _ in range(2):
        store.open(NAMES)
    store.log.session.set_trace_callback(asked.append)
    for _ in range(2):
        store.read([], NAMES)
    assert not asked
    with outside:
        outside.execute("UPDATE books_book SET stock = 2 WHERE id = 1")
    store.read([], NAMES)
    assert asked


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
    outside.execute(f'DROP TRIGGER "{triggers_of(outside)[0]}"')
    for _ in range(2):
        with pytest.raises(Unavailable):
            store.read([], NAMES)
    install(outside)
    assert store.open(NAMES)


def test_a_new_store_makes_the_triggers_that_are_missing(outside):
    triggers = triggers_of(outside)
    for name in triggers:
        outside.execute(f'DROP TRIGGER "{name}"')
    store = SQLiteStore(lease=5, timeout=60)
    store.open(NAMES)
    assert triggers_of(outside) == triggers
    # Once: it is for a migration that another process removes them afterwards.
    outside.execute(f'DROP TRIGGER "{triggers[0]}"')
    with pytest.raises(Unavailable):
        store.read([], NAMES)


def test_a_migration_makes_the_triggers_that_are_missing(outside):
    triggers = triggers_of(outside)
    outside.execute(f'DROP TRIGGER "{triggers[0]}"')
    call_command("migrate", verbosity=0)
    assert triggers_of(outside) == triggers


def test_an_install_that_failed_leaves_nothing_behind():
    def refuse_triggers(action, *arguments):
        is_one = action == sqlite3.SQLITE_CREATE_TRIGGER
        return sqlite3.SQLITE_DENY if is_one else sqlite3.SQLITE_OK

    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        empty.set_authorizer(refuse_triggers)
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            install(empty)
        assert not empty.in_transaction
        assert not empty.execute("SELECT name FROM sqlite_master").fetchall()


def test_a_file_is_shared_and_a_database_in_memory_is_not(db, monkeypatch):
    assert is_shared_file(connection)
    monkeypatch.setitem(connection.settings_dict, "NAME", ":memory:")
    assert not is_shared_file(connection)


def test_without_a_shared_file_the_store_is_this_processs_own(monkeypatch, settings):
    monkeypatch.setitem(connection.settings_dict, "NAME", ":memory:")
    settings.CACHING = caching()
    store = get_store()
    assert isinstance(store, MemoryStore) and not isinstance(store, SQLiteStore)


def test_a_connection_that_is_replaced_is_closed(outside):
    store = SQLiteStore(lease=60, timeout=60)
    store.open(["books"])
    first = store.log
    outside.execute("CREATE TABLE another (id int)")
    outside.commit()
    store.read([], ["books"])
    assert store.log is not first
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        first.session.execute("SELECT 1")
    store.close()
    outside.execute("DROP TABLE another")
    outside.commit()


def test_after_a_look_that_failed_it_looks_with_a_new_connection(outside, monkeypatch):
    def fail(path):
        raise OSError("away")

    store = SQLiteStore(lease=60, timeout=60)
    store.open(["books"])
    first = store.log
    outside.execute("UPDATE books_book SET stock = 5")
    outside.commit()
    with monkeypatch.context() as patch:
        patch.setattr(store, "_look", fail)
        with pytest.raises(Unavailable, match="away"):
            store.read([], ["books"])
    assert store.log is None
    with pytest.raises(sqlite3.ProgrammingError):
        first.session.execute("SELECT 1")
    store.read([], ["books"])
    assert store.log is not first
    store.close()
