"""On PostgreSQL the API's role reads and writes rows, and can do nothing else."""

import hashlib
import hmac
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import live, servers
from tests.crowd import readers
from tests.left_out import or_left_out

PASSWORDS = {"MIGRATOR_PASSWORD": "m" * 40, "API_PASSWORD": "a" * 40}
# Each would let who took the API over take the database, or the machine.
FORBIDDEN = {
    "make a role": "CREATE ROLE mallory SUPERUSER",
    "become a superuser": "ALTER ROLE api SUPERUSER",
    "become the migrator": "SET ROLE migrator",
    "become the administrator": "SET ROLE library",
    "make a database": "CREATE DATABASE mallory",
    "make a table": "CREATE TABLE mallory (id int)",
    "make a temporary table": "CREATE TEMPORARY TABLE mallory (id int)",
    "change a table": "ALTER TABLE books_book ADD COLUMN mallory int",
    "drop a table": "DROP TABLE books_book CASCADE",
    "empty a table": "TRUNCATE books_book CASCADE",
    "add a trigger": "CREATE TRIGGER t AFTER INSERT ON books_book EXECUTE FUNCTION f()",
    "run a program": "COPY books_tag FROM PROGRAM 'id'",
    "write a file": "COPY books_tag TO '/tmp/mallory'",
    "read a file": "SELECT pg_read_file('PG_VERSION')",
    "read the passwords": "SELECT rolpassword FROM pg_authid",
    "change a setting of the server": "ALTER SYSTEM SET log_statement = 'all'",
    "end the others' connections": (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = 'library'"
    ),
}
# Each has a PostgreSQL of its own, whichever the tests run on.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def server():
    with or_left_out(), servers.own_postgres() as url:
        yield url


class Database:
    """A database and its roles: the URL of each, and a connection as each."""

    def __init__(self, url):
        self.admin = url
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        self.env = live.environment(url, DATABASE_ADMIN_URL=url, **PASSWORDS)

    def url(self, role):
        return urlsplit(self.admin)._replace(netloc=f"{role}@{self.host}").geturl()

    def execute(self, role, statement):
        with psycopg.connect(self.url(role), autocommit=True) as connection:
            return connection.execute(statement)

    def value(self, role, query):
        return self.execute(role, query).fetchone()[0]

    def owners(self):
        query = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        return [owner for (owner,) in self.execute("library", query)]

    def set_up(self, **changes):
        command = [sys.executable, "-m", "config.database_roles"]
        options = {"cwd": live.ROOT, "env": self.env | changes, "text": True}
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
        )

    def migrate(self, role="migrator"):
        return live.manage("migrate", env=self.env_of(role))

    def env_of(self, role):
        return self.env | {"DATABASE_URL": self.url(role)}


@pytest.fixture
def empty(server):
    with servers.new_database(server) as url:
        yield Database(url)


@pytest.fixture(scope="module")
def database(server):
    """As a first deploy leaves it."""
    with servers.new_database(server) as url:
        made = Database(url)
        done = made.set_up()
        assert (done.returncode, done.stdout) == (0, "")
        made.migrate()
        yield made


@pytest.mark.parametrize("wish", FORBIDDEN)
def test_the_apis_role_can_not(database, wish):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("api", FORBIDDEN[wish])


def test_it_owns_nothing_and_the_migrator_owns_every_table(database):
    assert database.owners() == ["migrator"]
    rights = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls"
    for role in ("migrator", "api"):
        asked = f"{rights} FROM pg_roles WHERE rolname = '{role}'"
        assert database.value("library", asked) is False
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("migrator", FORBIDDEN["run a program"])


def test_its_statements_end_and_wait_for_no_lock_for_long(database):
    assert database.value("api", "SHOW statement_timeout") == "4s"
    assert database.value("api", "SHOW lock_timeout") == "2s"
    assert database.value("migrator", "SHOW lock_timeout") == "1s"
    assert database.value("migrator", "SHOW statement_timeout") == "0"


def test_its_password_is_its_own_and_hashed(database):
    query = "SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL"
    hashed = dict(database.execute("library", query).fetchall())
    assert set(hashed) == {"migrator", "api"}
    assert all(text.startswith("SCRAM-SHA-256$") for text in hashed.values())


def test_a_changed_password_is_given_to_the_role(empty):
    hashed = "SELECT rolpassword FROM pg_authid WHERE rolname = 'api'"
    empty.set_up()
    before = empty.value("library", hashed)
    empty.set_up(API_PASSWORD="b" * 40)
    after = empty.value("library", hashed)
    salt = after.split("$")[1].split(":")[1]
    assert after == scram("b" * 40, salt) != before


def scram(password, salt):
    """What PostgreSQL keeps of a password (RFC 5803)."""
    rounds = 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b64decode(salt), rounds)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = b64encode(hashlib.sha256(client).digest()).decode()
    server = b64encode(hmac.digest(salted, b"Server Key", "sha256")).decode()
    return f"SCRAM-SHA-256${rounds}:{salt}${stored}:{server}"


def test_the_api_serves_readers_and_librarians_as_that_role(database):
    boss = {"email": "boss@example.com", "password": "Quiet-shelf-42"}
    env = database.env_of("api")
    live.create_superuser(env=env, **boss)
    live.manage("seed_library", "--books", "3", env=env)
    with live.gunicorn(env, WEB_CONCURRENCY="1") as (address, _):
        token = live.log_in(address, **boss)
        tag = live.send(f"{address}/tags", {"name": "roles"}, token)
        book, *_ = live.send(f"{address}/books", token=token)["results"]
        loan = live.send(f"{address}/loans", {"book_id": book["book_id"]}, token)
    assert tag["name"] == "roles" and loan["is_returned"] is False


def test_a_table_that_a_later_migration_makes_is_the_apis_to_use(database):
    database.execute("migrator", "CREATE TABLE later (id serial, word text)")
    database.execute("api", "INSERT INTO later (word) VALUES ('new')")
    assert database.value("api", "SELECT word FROM later") == "new"
    database.execute("migrator", "DROP TABLE later")


def test_a_server_from_before_there_were_roles_keeps_its_rows(empty):
    # Its one role was the administrator, which owned every table.
    empty.migrate("library")
    live.manage("seed_library", "--books", "3", env=empty.env_of("library"))
    old_release = psycopg.connect(empty.admin)
    try:
        for _ in range(2):
            assert empty.set_up().returncode == 0
            assert "No migrations to apply" in empty.migrate()
        assert empty.value("api", "SELECT count(*) FROM books_book") == 3
        empty.execute("migrator", "ALTER TABLE books_book ADD COLUMN later int")
        # The old release serves on, and could be gone back to.
        old_release.execute("UPDATE books_book SET stock = 5")
        assert "No migrations to apply" in empty.migrate("library")
    finally:
        old_release.close()


def test_a_managed_database_gets_them_from_an_owner_who_is_no_superuser():
    with or_left_out(), servers.own_postgres() as url:
        rds = Database(urlsplit(url)._replace(path="/library").geturl())
        superuser = Database(url)
        superuser.execute("library", "CREATE ROLE rdsowner LOGIN CREATEDB CREATEROLE")
        # Before there were roles, `api` owned the database and its tables on RDS.
        superuser.execute("rdsowner", "CREATE ROLE api LOGIN")
        superuser.execute("rdsowner", "GRANT api TO rdsowner")
        superuser.execute("rdsowner", "CREATE DATABASE library OWNER api")
        rds.migrate("api")

        done = rds.set_up(DATABASE_ADMIN_URL=rds.url("rdsowner"))
        assert (done.returncode, done.stdout) == (0, "")
        assert "No migrations to apply" in rds.migrate()
        assert rds.owners() == ["migrator"]
        for wish in ("drop a table", "make a table", "become the migrator"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                rds.execute("api", FORBIDDEN[wish])
        assert rds.value("api", "SELECT count(*) FROM books_book") == 0


def test_a_locked_table_fails_the_deploy_with_nothing_half_done(empty):
    empty.execute("library", "CREATE TABLE books_book (id int)")
    with psycopg.connect(empty.admin) as reader:
        reader.execute("LOCK TABLE books_book IN ACCESS SHARE MODE")
        done = empty.set_up()
    assert done.returncode == 1
    assert "lock timeout" in done.stdout.splitlines()[-1]
    assert empty.owners() == ["library"]


@pytest.mark.parametrize("seconds", [2, 1], ids="{} s".format)
def test_no_reader_fails_while_it_waits_for_many_tables(empty, seconds):
    empty.execute("library", "CREATE TABLE books_book (id int)")
    with ExitStack() as stack:
        holders = {}
        for number in range(4):
            table = f"held_{number}"
            empty.execute("library", f"CREATE TABLE {table} (id int)")
            holders[table] = stack.enter_context(psycopg.connect(empty.admin))
            holders[table].execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        failed = stack.enter_context(readers(empty.admin, seconds))
        pool = stack.enter_context(ThreadPoolExecutor())
        setting_up = pool.submit(empty.set_up, DATABASE_LOCK_TIMEOUT=str(seconds))
        while not setting_up.done():
            for table in waited_for(empty) & holders.keys():
                # Shorter than the wait for one lock.
                time.sleep(0.3 * seconds)
                holders.pop(table).rollback()
            time.sleep(0.01)
    assert failed == []
    done = setting_up.result()
    assert done.returncode == 1
    assert "timeout" in done.stdout.splitlines()[-1]
    assert empty.owners() == ["library"]


def waited_for(database):
    """Return the names of the tables that somebody waits for."""
    query = "SELECT relation::regclass::text FROM pg_locks WHERE NOT granted"
    return {name for (name,) in database.execute("library", query) if name}


@pytest.mark.parametrize("name", PASSWORDS)
def test_a_missing_password_is_refused_by_name(empty, name):
    done = empty.set_up(**{name: ""})
    line = f"{name} is not set: the role's password\n"
    assert (done.returncode, done.stdout) == (1, line)


def test_without_an_administrator_it_leaves_the_roles_to_others(empty):
    done = empty.set_up(DATABASE_ADMIN_URL="", API_PASSWORD="")
    assert (done.returncode, done.stdout) == (0, "")
