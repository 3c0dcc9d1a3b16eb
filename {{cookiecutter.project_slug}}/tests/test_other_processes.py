"""What another process writes to the SQLite file, the running server sees."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from caching.ops.checks import other_processes_are_seen
from tests import live
from tools.polling import wait_until

pytestmark = pytest.mark.once
NAMES = {"email": "kim@example.com", "username": "kim"}
PASSWORD = "a-quiet-river-23"
BOOK = {
    "isbn": "9788937460449",
    "title": "Book 1",
    "author": "Kim",
    "stock": 3,
    "published_at": "2020-01-01",
    "created_at": "2020-01-01T00:00:00Z",
    "tags": [1],
}
COLUMNS = "isbn, title, author, publisher, stock, published_at, created_at"
TWO_BOOKS = f"""
DELETE FROM books_book_tags;
DELETE FROM books_book;
DELETE FROM books_tag;
INSERT INTO books_tag (id, name, name_key) VALUES (1, 'Rivers', 'rivers');
INSERT INTO books_book (id, {COLUMNS}) VALUES
    (1, '9788937460449', 'Book 1', 'Kim', '', 3, '2020-01-01', '2020-01-01 00:00:00'),
    (2, '9780306406157', 'Book 2', 'Kim', '', 3, '2020-01-01', '2020-01-01 00:00:00');
INSERT INTO books_book_tags (book_id, tag_id) VALUES (1, 1), (2, 1);
"""
WRITER = """
import sqlite3, sys
session = sqlite3.connect(sys.argv[1], timeout=60)
for number in range(1, 51):
    change = "UPDATE books_book SET title = ? WHERE id = 1"
    session.execute(change, (str(number),))
    session.commit()
    print(number, flush=True)
"""
*_, EARLIER, LATEST = sorted(
    path.stem for path in (live.ROOT / "books/migrations").glob("0*")
)
FORK = """
import contextlib, os, sqlite3, sys
import django

django.setup()
from caching.stores import get_store

def is_seen():
    before = get_store().read([], ["tags"])
    with contextlib.closing(sqlite3.connect(sys.argv[1], timeout=60)) as session:
        session.execute("UPDATE books_tag SET name = name || 'x'")
        session.commit()
        [(found,)] = session.execute("PRAGMA integrity_check").fetchall()
    return found == "ok" and get_store().read([], ["tags"]) != before

get_store().open(["tags"])
assert is_seen()
before = get_store().read([], ["tags"])
wait, go = os.pipe()
child = os.fork()
if child == 0:
    # SQLite forbids to use a parent's connection.
    assert get_store().log is None
    os.read(wait, 1)
    os._exit(0 if get_store().read([], ["tags"]) != before and is_seen() else 1)
# Now SQLite removes the file that the child's copy of the connection has mapped.
get_store().close()
assert not os.path.exists(sys.argv[1] + "-shm")
session = sqlite3.connect(sys.argv[1], timeout=60)
session.execute("UPDATE books_tag SET name = name || 'x'")
session.commit()
os.write(go, b"!")
_, status = os.waitpid(child, 0)
assert status == 0 and is_seen()
"""
DROP_A_COLUMN = f"""
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("books", "{LATEST}")]
    operations = [migrations.RemoveField("book", "publisher")]
"""


class Server(SimpleNamespace):
    """A running server (`address`, `token`), and its database (`env`, `path`)."""

    def get(self, route):
        """Return the status, what X-Cache says, and the text of an answer."""
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            with urlopen(Request(self.address + route, None, headers), timeout=60) as a:
                return a.status, a.headers["X-Cache"], a.read().decode()
        except HTTPError as error:
            with error:
                return error.code, None, ""

    def warm_up(self, *routes):
        """Let these routes be hits."""
        for route in routes:
            self.get(route)
            assert self.get(route)[1] == "HIT"

    def manage(self, *arguments):
        """Run a management command in another process."""
        return live.manage(*arguments, env=self.env)

    def raw(self, statements):
        """Run SQL in this process, which is not the server's, past Django."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=60)) as session:
            session.executescript(statements)

    def load(self, folder, **fields):
        """Load a book 1 with these fields by `loaddata`."""
        document = [{"model": "books.book", "pk": 1, "fields": BOOK | fields}]
        (folder / "one.json").write_text(json.dumps(document))
        self.manage("loaddata", "-v0", str(folder / "one.json"))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Yield a Server without Redis."""
    folder = tmp_path_factory.mktemp("other")
    path = folder / "library.sqlite3"
    env = live.environment(f"sqlite:///{path}")
    live.manage("migrate", "-v0", env=env)
    live.create_superuser(env=env, password=PASSWORD, **NAMES)
    with live.gunicorn(env) as (address, _):
        token = live.log_in(address, NAMES["email"], PASSWORD)
        yield Server(address=address, token=token, env=env, path=path)


@pytest.fixture
def server(running):
    """Return the Server with two books of one tag."""
    running.raw(TWO_BOOKS)
    return running


def shell(code):
    """Return a function that runs code in `manage.py shell`."""
    code = f"from books.models import *; from users.models import *; {code}"
    return lambda server, folder: server.manage("shell", "-c", code)


def raw(statement):
    """Return a function that runs an SQL statement without Django."""
    return lambda server, folder: server.raw(statement)


@pytest.mark.parametrize(
    "write",
    [
        shell("book = Book.objects.get(pk=1); book.title = 'New'; book.save()"),
        shell("Book.objects.filter(pk=1).update(title='New')"),
        raw("UPDATE books_book SET title = 'New' WHERE id = 1"),
        lambda server, folder: server.load(folder, title="New"),
    ],
    ids=["save", "update", "SQL", "loaddata"],
)
def test_a_new_title_is_seen_at_once(server, tmp_path, write):
    server.warm_up("/books/1", "/books", "/tags/1")
    write(server, tmp_path)
    for route in ("/books/1", "/books"):
        status, cache, text = server.get(route)
        assert (status, cache) == (200, "MISS") and '"New"' in text
        assert server.get(route)[1] == "HIT"
    assert server.get("/tags/1")[1] == "HIT"


def test_only_what_changed_is_computed_again(server):
    others = ("/books/2", "/books?page_size=1", "/books?title=book", "/tags/1")
    server.warm_up("/books/1", *others)
    server.raw("UPDATE books_book SET stock = 2 WHERE id = 1")
    assert '"stock":2' in server.get("/books/1")[2]
    assert [server.get(route)[1] for route in others] == ["HIT", "HIT", "MISS", "HIT"]


def test_sql_that_changes_nothing_leaves_the_hits(server):
    server.warm_up("/books/1", "/books")
    server.raw("UPDATE books_book SET title = title, stock = stock")
    assert server.get("/books/1")[1] == server.get("/books")[1] == "HIT"


@pytest.mark.parametrize(
    ("statement", "route", "status"),
    [
        ("DELETE FROM books_book WHERE id = 1", "/books/1", 404),
        ("UPDATE books_book SET id = 9 WHERE id = 1", "/books/1", 404),
        # SQLite fires no trigger for the row that such a statement removes.
        (
            f"REPLACE INTO books_book (id, {COLUMNS}) "
            f"SELECT 3, {COLUMNS} FROM books_book WHERE id = 1",
            "/books/1",
            404,
        ),
        (
            "UPDATE OR REPLACE books_book SET isbn = '9788937460449' WHERE id = 2",
            "/books/1",
            404,
        ),
        ("DELETE FROM books_book_tags WHERE book_id = 1", "/books/1/tags", 200),
        ("UPDATE books_tag SET name = 'Seas'", "/books/1/tags", 200),
    ],
)
def test_other_sql_is_seen_at_once(server, statement, route, status):
    before = server.get(route)
    server.warm_up(route, "/books/2")
    server.raw(statement)
    after = server.get(route)
    assert after[0] == status and after[1] != "HIT" and after[2] != before[2]


@pytest.mark.parametrize(
    "write",
    [
        lambda value: shell(
            f"u = User.objects.get(username='kim'); u.is_active = {value}; u.save()"
        ),
        lambda value: raw(f"UPDATE users_user SET is_active = {value}"),
    ],
    ids=["shell", "SQL"],
)
def test_a_deactivated_reader_is_refused_at_once(server, tmp_path, write):
    server.warm_up("/books")
    write(False)(server, tmp_path)
    assert server.get("/books")[0] == 401
    write(True)(server, tmp_path)
    assert server.get("/books")[0] == 200
    assert server.get("/books")[1] == "HIT"


def test_the_command_reaches_the_server(server):
    server.warm_up("/books/1", "/books/2", "/tags/1")
    server.manage("invalidate", "books:1")
    assert server.get("/books/1")[1] == "MISS"
    assert server.get("/books/2")[1] == "HIT"
    server.manage("invalidate", "books")
    assert server.get("/books/2")[1] == "MISS"
    assert server.get("/tags/1")[1] == server.get("/books/2")[1] == "HIT"


def test_more_changes_than_the_log_keeps(server):
    server.warm_up("/books/1", "/tags/1")
    server.raw(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
        "INSERT INTO caching_change (name, change) SELECT 'books', '5:stock' FROM n"
    )
    assert server.get("/books/1")[1] == "MISS"
    assert server.get("/books/1")[1] == "HIT"
    with contextlib.closing(sqlite3.connect(server.path)) as session:
        [(kept,)] = session.execute("SELECT count(*) FROM caching_change").fetchall()
    assert kept <= 11_000


def test_nobody_reads_what_was_committed_over(server):
    """Readers in four threads, while another process changes a title fifty times."""
    server.raw("UPDATE books_book SET title = '0' WHERE id = 1")
    committed = [0]
    command = [sys.executable, "-c", WRITER, str(server.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:

        def read(route):
            stale = []
            while writer.poll() is None:
                known = committed[-1]
                found = json.loads(server.get(route)[2])
                book = found if route == "/books/1" else found["results"][-1]
                if int(book["title"]) < known:
                    stale.append((known, book["title"]))
            return stale

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read, r) for r in ("/books/1", "/books") * 2]
            for line in writer.stdout:
                committed.append(int(line))
            writer.wait(timeout=120)
            assert [reader.result() for reader in readers] == [[]] * 4
    assert committed[-1] == 50
    server.warm_up("/books/1", "/books")


def test_while_another_process_migrates_nothing_is_kept(server):
    """SQLite drops no column that a trigger names, so they are gone meanwhile."""
    server.warm_up("/books/1")
    session = sqlite3.connect(server.path)
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for (name,) in session.execute(triggers).fetchall():
        session.execute(f'DROP TRIGGER "{name}"')
    session.commit()
    assert server.get("/books/1")[1] == "BYPASS; unavailable"
    session.execute("UPDATE books_book SET title = 'Meanwhile' WHERE id = 1")
    session.commit()
    session.close()
    assert '"Meanwhile"' in server.get("/books/1")[2]
    server.manage("migrate", "-v0")
    assert server.get("/books/1")[1] == "MISS"
    assert server.get("/books/1")[1] == "HIT"


def test_after_a_migration_changes_are_seen(server):
    server.warm_up("/books/1")
    server.manage("migrate", "-v0", "books", EARLIER)
    # All apps: whatever needs the books' latest migration went with it.
    server.manage("migrate", "-v0")
    server.raw("UPDATE books_book SET title = 'After' WHERE id = 1")
    assert '"After"' in server.get("/books/1")[2]
    assert server.get("/books/1")[1] == "HIT"


def test_a_migration_may_drop_a_column_that_a_trigger_names(tmp_path):
    shutil.copytree(live.ROOT / "books/migrations", tmp_path / "more_migrations")
    (tmp_path / "more_migrations/9999_drop.py").write_text(DROP_A_COLUMN)
    (tmp_path / "more_settings.py").write_text(
        "from config.settings import *\n"
        "MIGRATION_MODULES = {'books': 'more_migrations'}\n"
    )
    path = tmp_path / "library.sqlite3"
    env = live.environment(f"sqlite:///{path}", PYTHONPATH=str(tmp_path))
    live.manage("migrate", "-v0", env=env)
    env["DJANGO_SETTINGS_MODULE"] = "more_settings"
    live.manage("migrate", "-v0", env=env)
    with contextlib.closing(sqlite3.connect(path)) as session:
        columns = session.execute("SELECT name FROM pragma_table_info('books_book')")
        assert ("publisher",) not in columns.fetchall()


def test_a_file_that_was_restored_is_seen(server, tmp_path):
    server.warm_up("/books/1")
    copy = tmp_path / "copy.sqlite3"
    with contextlib.closing(sqlite3.connect(server.path)) as session:
        session.execute("VACUUM INTO ?", (str(copy),))
    with contextlib.closing(sqlite3.connect(copy)) as session:
        session.execute("UPDATE books_book SET title = 'Restored' WHERE id = 1")
        session.commit()
    for end in ("-wal", "-shm"):
        server.path.with_name(server.path.name + end).unlink(missing_ok=True)
    os.replace(copy, server.path)
    # The server looks at the file itself once a second.
    wait_until(lambda: '"Restored"' in server.get("/books/1")[2], "the restored title")
    assert server.get("/books/1")[1] == "HIT"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_after_a_fork_both_processes_see_what_is_written(server, tmp_path):
    path = tmp_path / "forked.sqlite3"
    with contextlib.closing(sqlite3.connect(server.path)) as session:
        session.execute("VACUUM INTO ?", (str(path),))
    env = live.environment(f"sqlite:///{path}")
    command = [sys.executable, "-c", FORK, str(path)]
    subprocess.run(command, check=True, env=env, cwd=live.ROOT, timeout=120)


class TestElsewhere:
    """Without Redis and without a file nobody else can reach the cache."""

    @pytest.fixture(autouse=True)
    def _no_shared_file(self, db, monkeypatch):
        if connection.vendor == "sqlite":
            monkeypatch.setitem(connection.settings_dict, "NAME", ":memory:")

    def test_the_command_says_so(self):
        with pytest.raises(CommandError, match="a running server was not reached"):
            call_command("invalidate", "books")

    def test_the_server_says_so_when_it_starts(self):
        [warning] = other_processes_are_seen(None)
        assert "does not see what other processes" in warning.msg
