"""The server's rows move to a managed database; after a failure nothing has changed."""

import json
import secrets
import shutil
import urllib.request

import pytest

from tests.baking import clean_environment, run
from tests.deploy.conftest import docker
from tests.ports import free_port

OWNER = "the owner's"
# RDS speaks TLS, and its owner is no superuser.
AS_ON_RDS = f"""
cd "$PGDATA"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=rds \\
  -keyout server.key -out server.crt 2> /dev/null
chmod 600 server.key
chown postgres server.key server.crt
psql -qU rdsadmin -v ON_ERROR_STOP=1 << 'SQL'
ALTER SYSTEM SET ssl = on;
SELECT pg_reload_conf();
CREATE ROLE library LOGIN CREATEDB CREATEROLE PASSWORD '{OWNER.replace("'", "''")}';
CREATE DATABASE library OWNER library;
SQL
"""
# As on the server, but beside what else runs on this engine.
BESIDE = """
services:
  caddy:
    ports: !override ["127.0.0.1:{port}:8081"]
"""
TAG = "proof"
# So that the scripts above are used, as with the releases of before images carried any.
CARRIES_NONE = "FROM {image}\nLABEL library.scripts=''\n"


class Server:
    """The server's scripts with a project, a port and data of their own."""

    def __init__(self, rendered, folder, registry):
        self.name = f"test-{secrets.token_hex(4)}"
        self.rds = f"{self.name}-rds"
        self.home, self.data = folder / "library", folder / "data"
        self.port = free_port()
        self.inside = f"http://127.0.0.1:{self.port}"
        self.scripts = self.home / "terraform/scripts"
        shutil.copytree(rendered.path / "terraform/entry", self.home)
        shutil.copytree(rendered.path / "terraform/host", self.home / "host")
        shutil.copytree(rendered.path / "scripts", self.scripts)
        common = self.scripts / "common.sh"
        code = common.read_text().replace("http://127.0.0.1:8081", self.inside)
        # Port 80 is not ours: readers, too, come in at that one.
        common.write_text(
            code.replace("echo http://127.0.0.1;", f"echo {self.inside};")
        )
        (self.home / "beside.yml").write_text(BESIDE.format(port=self.port))
        (self.home / "config.env").write_text(
            f"REGISTRY={registry}\nMANAGED_DATABASE={self.rds}\n"
        )
        self.succeed("terraform/scripts/first-boot.sh")

    def run(self, script, *arguments, typed=None):
        env = clean_environment(
            DATA_DIR=str(self.data),
            COMPOSE_PROJECT_NAME=self.name,
            COMPOSE_FILE=f"{self.scripts}/docker-compose.yml:{self.home}/beside.yml",
        )
        command = (self.home / script, *arguments)
        return run(*command, cwd=self.home, env=env, answers=typed)

    def succeed(self, script, *arguments, typed=None):
        done = self.run(script, *arguments, typed=typed)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def move(self, password=OWNER):
        return self.run("host/move-database.sh", typed=f"{password}\n")

    def container(self, service):
        return f"{self.name}-{service}-1"

    def live(self):
        with urllib.request.urlopen(f"{self.inside}/colour") as answer:
            return self.container(f"web-{answer.read().decode().strip()}")

    def manage(self, *arguments):
        return docker("exec", self.live(), "python", "manage.py", *arguments)

    def books(self):
        code = "from books.models import Book; print(Book.objects.count())"
        return int(self.manage("shell", "--verbosity=0", "--command", code))

    def ask_old(self, sql):
        command = ("psql", "-qAt", "-U", "library", "-d", "library", "-c", sql)
        return docker("exec", self.container("db"), *command)

    def ask_rds(self, sql, database="rdsadmin"):
        command = ("psql", "-qAt", "-U", "rdsadmin", "-d", database, "-c", sql)
        return docker("exec", self.rds, *command)

    def start_rds(self):
        docker(
            *("run", "--detach", "--name", self.rds, "--network"),
            *(f"{self.name}_default", "--env", "POSTGRES_USER=rdsadmin"),
            *("--env", "POSTGRES_PASSWORD=unused", "postgres:17"),
        )
        ready = "until pg_isready -qh 127.0.0.1; do sleep 0.2; done"
        docker("exec", self.rds, "timeout", "60", "bash", "-c", ready)
        docker("exec", self.rds, "bash", "-ec", AS_ON_RDS)

    def remove(self):
        run("docker", "rm", "--force", "--volumes", self.rds, cwd=self.home)
        run("docker", "compose", "-p", self.name, "down", "--volumes", cwd=self.home)


@pytest.fixture
def server(image, rendered, tmp_path):
    """It serves twenty books of its own, and an empty managed database is there."""
    registry = f"move-test-{secrets.token_hex(4)}"
    recipe = tmp_path / "image/Dockerfile"
    recipe.parent.mkdir()
    recipe.write_text(CARRIES_NONE.format(image=image))
    docker("build", "--quiet", "--tag", f"{registry}:{TAG}", recipe.parent)
    server = Server(rendered, tmp_path, registry)
    try:
        said = server.succeed("deploy.sh", TAG)
        assert f"{TAG} carries no scripts: it is deployed by Terraform's" in said
        server.manage("seed_library", "--books", "20")
        server.start_rds()
        yield server
    finally:
        server.remove()
        docker("image", "rm", f"{registry}:{TAG}", f"{registry}:stable")


@pytest.mark.minutes(1.5)
def test_the_rows_move_and_whatever_fails_the_old_database_serves_on(server):
    wrong = server.move("not it")
    assert wrong.returncode != 0 and "another password" in wrong.stdout
    see_it_as_before(server)

    server.ask_rds("SET ROLE library; CREATE ROLE migrator CONNECTION LIMIT 0")
    failed = server.move()
    assert failed.returncode != 0 and "too many connections for role" in failed.stdout
    assert "The move failed: the API is on this machine's database" in failed.stdout
    see_it_as_before(server)

    server.ask_rds("ALTER ROLE migrator CONNECTION LIMIT -1")
    before = server.books()
    moved = server.move()
    assert moved.returncode == 0, moved.stdout
    assert f"books_book|{before}\n" in moved.stdout
    see_it_moved(server, before)

    again = server.move()
    assert again.returncode == 1
    assert again.stdout == (
        "DATABASE_URL is set: the API is not on this machine's database\n"
    )


def see_it_as_before(server):
    """It serves from the old database, and writes to it."""
    more = server.books() + 1
    server.manage("seed_library", "--books", str(more))
    assert server.ask_old("SELECT count(*) FROM books_book") == str(more)


def see_it_moved(server, before):
    """It serves from the new database and writes rows; the migrator owns its tables."""
    health = urllib.request.urlopen(f"{server.inside}/api/v1/common/health-check")
    assert json.load(health)["database"] == "ok"
    running = docker("ps", "--quiet", "--filter", f"name={server.container('db')}")
    assert running == ""
    assert server.books() == before
    server.manage("seed_library", "--books", str(before + 1))
    counted = server.ask_rds("SELECT count(*) FROM books_book", database="library")
    assert counted == str(before + 1)
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert server.ask_rds(owners, database="library") == "migrator"
    denied = "SET ROLE api; DROP TABLE loans_loan"
    with pytest.raises(AssertionError, match="must be owner of table loans_loan"):
        server.ask_rds(denied, database="library")
    # Scale-out begins with a snapshot of it, and logs in as its owner.
    owner = "SET ROLE library; ALTER TABLE books_book ADD COLUMN proof int"
    server.ask_rds(f"{owner}; CREATE TABLE proof (id int)", database="library")
