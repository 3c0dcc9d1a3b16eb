"""A backup comes back, row for row; whatever fails, the rows of before are there."""

import io
import os
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import time
from contextlib import ExitStack

import pytest

from tests.contract.accounts import client_of, newcomer, registered
from tests.contract.server import serve, variables_for
from tests.deploy.backups import BUCKET, FIRST_DEPLOY, TAG, Machine, lend_servers
from tests.layers import leave_out
from tests.polling import wait_until
from tests.terraform.cloud import Cloud, start_server

BOOK = """
INSERT INTO books_book
    (title, author, publisher, isbn, stock, published_at, created_at)
VALUES ('{0}', 'A', 'P', '{1}', 1, now(), now())
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """An AWS account."""
    with open(tmp_path_factory.mktemp("moto") / "moto.log", "wb") as log:
        process, url = start_server(log)
        yield Cloud(url)
        process.terminate()
        process.wait(60)


@pytest.fixture
def cloud(account):
    """An AWS with nothing in it but the bucket."""
    account.reset()
    where = {"LocationConstraint": account.region}
    account.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    return account


@pytest.fixture(scope="module")
def servers(project):
    if not shutil.which("pg_dump"):
        leave_out("no pg_dump here: install PostgreSQL's client (postgresql-client)")
    with lend_servers(project) as lent:
        yield lent


@pytest.fixture
def machine(project, servers, cloud, tmp_path):
    """It serves an empty library, and has a bucket."""
    return Machine(project, tmp_path, servers, cloud).serve()


@pytest.fixture
def books(machine):
    """A function that adds books of these titles."""

    def add(*titles):
        for title in titles:
            last = machine.sql("SELECT coalesce(max(id), 0) FROM books_book")
            machine.sql(BOOK.format(title, f"97800000{last:0>5}"))

    return add


def the_line(done, code=1):
    assert done.returncode == code, done.stdout
    (line,) = done.stdout.splitlines()
    return line


def last_line(done, code=1):
    assert done.returncode == code, done.stdout
    return done.stdout.splitlines()[-1]


@pytest.fixture
def elsewhere(machine):
    """The database is not this machine's: an address leads to it."""
    place = f"127.0.0.1:{machine.port}/library"
    machine.configure(
        AWS_REGION=machine.cloud.region,
        BACKUP_BUCKET=BUCKET,
        DATABASE_URL=f"postgres://api:p%40ss@{place}?sslmode=prefer",
        MIGRATION_DATABASE_URL=f"postgres://migrator:p%40ss@{place}?sslmode=prefer",
    )


@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_what_was_backed_up_comes_back_and_nothing_else(place, machine, books, request):
    if place == "elsewhere":
        request.getfixturevalue("elsewhere")
    odd = "two\n\\.\nCOPY public.x lines and $$ 한글"
    books("one", odd)
    before = machine.titles()
    name = machine.back_up()
    assert machine.stored() == [name]
    assert machine.local() == []
    machine.sql("DELETE FROM books_book WHERE title = 'one'")
    books("later")
    machine.sql("CREATE TABLE of_a_newer_release (id int)", role="migrator")

    done = machine.succeed("restore.sh", name, "--yes")

    assert machine.titles() == before
    assert done.count("books_book ") == 2
    assert "done: " in done
    assert machine.sql("SELECT to_regclass('of_a_newer_release') IS NULL") == "t"
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert machine.sql(owners) == "migrator"
    assert machine.sql("SELECT count(*) FROM books_book", role="api") == "2"
    # The wrong archive was taken: what was replaced is there.
    (kept,) = machine.local()
    machine.succeed("restore.sh", kept, "--yes")
    assert "later" in machine.titles()


def test_without_yes_it_says_what_it_would_replace_and_touches_nothing(machine, books):
    books("one")
    name = machine.back_up()
    books("later")
    before = machine.titles()
    done = machine.run("restore.sh", "latest")
    assert last_line(done) == (
        f"nothing was touched: --yes replaces the rows of now by those of {name}"
    )
    (row,) = [line for line in done.stdout.splitlines() if "books_book " in line]
    assert row.split() == ["books_book", "2", "1"]
    assert machine.titles() == before
    assert machine.local() == []


def repack(machine, name, change):
    """Change an archive's folder, and let its checksums be right again."""
    folder = machine.data / "unpacked"
    folder.mkdir()
    bucket = machine.cloud.client("s3")
    bucket.download_file(BUCKET, name, str(folder.parent / "packed.tar"))
    sums = "sha256sum $(ls | grep -v SUMS) > SHA256SUMS && tar cf ../packed.tar ."
    machine_run = {"cwd": folder, "check": True, "shell": True}
    subprocess.run("tar xf ../packed.tar", **machine_run)
    change(folder)
    subprocess.run(sums, **machine_run)
    bucket.upload_file(str(folder.parent / "packed.tar"), BUCKET, name)


def cut_dump(folder):
    os.truncate(
        folder / "library.dump", (folder / "library.dump").stat().st_size - 9000
    )


def claim_a_row(folder):
    rows = folder / "rows"
    rows.write_text(rows.read_text().replace("books_book|1", "books_book|2"))


def slip_in_sql(folder):
    (folder / "rows").write_text("books_book; DROP TABLE x|1\n")


def forget_secrets(folder):
    (folder / "secrets.env").unlink()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (cut_dump, "the dump in "),
        (claim_a_row, "has other rows than it says"),
        (slip_in_sql, "has rows of unknown tables"),
        (forget_secrets, "is no archive of backup.sh: it has no secrets.env"),
    ],
)
def test_a_wrong_archive_is_noticed_before_anything_is_touched(
    machine, books, change, problem
):
    books("one")
    name = machine.back_up()
    repack(machine, name, change)
    books("later")
    line = last_line(machine.run("restore.sh", name, "--yes"))
    assert line.startswith("FAILED: ") and problem in line
    assert machine.titles() == ["one", "later"]
    assert machine.local() == []


def damaged(content, secret):
    """Such archives: a byte of the dump or of a secret is wrong, or the end is gone."""
    for place in (content.index(b"PGDMP") + 3000, content.index(secret)):
        yield content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    yield content[: len(content) // 2]
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            yield content[: member.offset]


def test_a_damaged_archive_is_noticed_before_anything_is_touched(machine, books):
    books("one")
    name = machine.back_up()
    path = machine.data / "damaged.tar"
    secret = secret_of(machine)
    for content in damaged(machine.archive(name), secret):
        path.write_bytes(content)
        done = machine.run("restore.sh", path, "--yes")
        assert the_line(done).startswith(f"FAILED: {path} is ")
        assert secret.decode() not in done.stdout
    assert machine.titles() == ["one"]
    assert (machine.data / "secrets.env").read_bytes().count(secret) == 1
    assert machine.local() == []


def secret_of(machine):
    secrets = (machine.data / "secrets.env").read_bytes()
    return re.search(rb"^SECRET_KEY=(.+)$", secrets, re.MULTILINE)[1]


def files_with(machine, *texts):
    """Names of the files of the machine's data in which one of these stands."""
    files = (path for path in machine.data.rglob("*") if path.is_file())
    found = [path for path in files if any(t in path.read_bytes() for t in texts)]
    return sorted(str(path.relative_to(machine.data)) for path in found)


def test_no_copy_of_the_secrets_or_of_the_rows_stays_beside_the_archive(machine, books):
    books("one")
    secret = secret_of(machine)
    # What a backup left that the machine's end has cut off, and what one is making now.
    for folder, age in (("new.cut", 2), ("new.now", 0)):
        (machine.data / "backups" / folder).mkdir(parents=True)
        (machine.data / "backups" / folder / "secrets.env").write_bytes(secret)
        then = time.time() - age * 86400
        os.utime(machine.data / "backups" / folder, (then, then))
    others = ["backups/new.now/secrets.env", "secrets.env"]

    said = machine.succeed("backup.sh")
    assert secret.decode() not in said
    assert files_with(machine, secret, b"PGDMP") == others

    machine.configure(AWS_REGION=machine.cloud.region, BACKUP_BUCKET="nobodys")
    done = machine.run("backup.sh")
    assert secret.decode() not in done.stdout
    (kept,) = (machine.data / "backups").glob("*.tar")
    assert files_with(machine, secret, b"PGDMP") == sorted(
        [*others, f"backups/{kept.name}"]
    )
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.unlink()

    machine.program("pg_dump", "#!/bin/sh\necho PGDMP; exit 1\n")
    assert machine.run("backup.sh").returncode == 1
    assert files_with(machine, secret, b"PGDMP") == others


def test_a_dump_that_stops_in_the_middle_replaces_nothing(machine, books):
    books("one")
    name = machine.back_up()
    books("later")
    (machine.data / "break").touch()
    line = last_line(machine.run("restore.sh", name, "--yes"))
    assert "nothing was replaced, the rows are those of before" in line
    assert machine.titles() == ["one", "later"]


def test_a_restore_that_is_killed_leaves_the_rows_of_before(machine, books):
    books("one")
    name = machine.back_up()
    books("later")
    (machine.data / "break").write_text("hang")
    process = machine.start("restore.sh", name, "--yes")
    reached = machine.data / "break.reached"
    wait_until(reached.exists, "the middle of the restore", 120)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    others = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'migrator'"
    wait_until(lambda: machine.sql(others) == "0", "PostgreSQL to give up", 60)
    assert machine.titles() == ["one", "later"]
    (machine.data / "break").unlink()
    machine.succeed("restore.sh", name, "--yes")
    assert machine.titles() == ["one"]


def test_a_table_in_use_refuses_the_restore(machine, books):
    books("one")
    name = machine.back_up()
    books("later")
    held = subprocess.Popen(
        ["psql", "-qAtX", "-h", "127.0.0.1", "-p", machine.port]
        + ["-U", "library", "-d", "library"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with held:
        held.stdin.write("BEGIN; SELECT count(*) FROM books_book;\n")
        held.stdin.flush()
        assert held.stdout.readline() == "2\n"
        line = last_line(machine.run("restore.sh", name, "--yes"))
        held.stdin.close()
    assert "canceling statement due to lock timeout" in line
    assert machine.titles() == ["one", "later"]


def test_an_older_dump_is_migrated_for_the_release_that_serves(machine, books):
    books("one")
    machine.compose(
        *("migration", "python", "manage.py", "migrate", "-v0", "users", "0002")
    )
    name = machine.back_up()
    machine.compose("migration", "python", "manage.py", "migrate", "-v0")
    machine.succeed("restore.sh", name, "--yes")
    machine.compose("migration", "python", "manage.py", "migrate", "--check")
    assert machine.titles() == ["one"]


def test_an_answer_of_the_rows_of_before_is_not_served_again(
    project, machine, books, tmp_path
):
    books("one")
    name = machine.back_up()
    place = f"postgres://api@127.0.0.1:{machine.port}/library"
    variables = variables_for(DATABASE_URL=place, REDIS_URL=machine.redis)
    with ExitStack() as stack:
        url = stack.enter_context(serve(project, tmp_path / "log", variables))
        client = stack.enter_context(client_of(url))
        reader = registered(newcomer(client))
        books("gone")
        machine.compose("web-blue", "python", "manage.py", "invalidate")
        assert "gone" in reader.get("/books").text
        hit = reader.get("/books")
        assert hit.headers["X-Cache"] == "HIT" and "gone" in hit.text
        # The reader came after the backup, too.
        machine.succeed("restore.sh", name, "--yes")
        assert reader.get("/books").status_code == 401
        again = registered(newcomer(client))
        (book,) = again.get("/books").json()["results"]
        assert book["title"] == "one"


def test_a_machine_that_lost_everything_comes_back_from_the_bucket(
    project, machine, books, servers, cloud, tmp_path
):
    books("one", "two")
    secrets = (machine.data / "secrets.env").read_text()
    machine.back_up()
    (tmp_path / "new").mkdir()
    new = Machine(project, tmp_path / "new", servers, cloud)
    (new.library / "deploy.sh").write_text(FIRST_DEPLOY)
    (new.library / "deploy.sh").chmod(0o755)
    new.containers()
    new.new_database()
    assert "has no data: repeat it with --yes" in the_line(
        new.run("restore.sh", "latest")
    )
    assert not (new.data / "secrets.env").exists()
    colour = new.data / "proxy/colour"
    colour.parent.mkdir(parents=True)
    colour.write_text("blue")

    said = new.succeed("restore.sh", "latest", "--yes")

    assert f"deployed {TAG}" in said
    assert new.titles() == ["one", "two"]
    assert (new.data / "secrets.env").read_text() == secrets
    assert stat.S_IMODE((new.data / "secrets.env").stat().st_mode) == 0o600


def test_a_wrong_bucket_is_one_line(machine, books):
    books("one")
    machine.configure(AWS_REGION=machine.cloud.region, BACKUP_BUCKET="nobodys")
    line = last_line(machine.run("backup.sh"), code=2)
    (kept,) = machine.local()
    assert f"s3://nobodys did not take it, and it stays in {machine.data}" in line
    assert "NoSuchBucket" in line and kept in line
    for arguments in (["latest"], ["no.tar"]):
        line = the_line(machine.run("restore.sh", *arguments))
        assert line.startswith("FAILED: ") and "s3://nobodys" in line
    done = machine.run("backup.sh", "--list")
    assert done.stdout.splitlines()[-1] == "s3://nobodys could not be listed"
    # It needs no bucket.
    machine.succeed("restore.sh", kept, "--yes")


def test_without_a_bucket_the_last_three_stay_here(machine, books):
    machine.configure()
    books("one")
    names = [f"2026-01-0{day}T000000Z-v0.tar" for day in range(1, 6)]
    (machine.data / "backups").mkdir()
    for name in names:
        (machine.data / "backups" / name).touch()
    made = machine.back_up()
    assert machine.local() == [*names[-2:], made]
    listed = machine.succeed("backup.sh", "--list").splitlines()
    assert [line.split()[0] for line in listed] == [*names[-2:], made]
    modes = (machine.data / "backups" / made).stat().st_mode
    assert stat.S_IMODE(modes) == 0o600
    assert "is not in" in the_line(machine.run("restore.sh", "no.tar"))
    line = the_line(machine.run("restore.sh", "./no.tar"))
    assert line == "FAILED: there is no file ./no.tar"


def test_the_list_has_the_newest_last_and_the_size_goes_to_cloudwatch(machine, books):
    books("one")
    first = machine.back_up()
    machine.cloud.client("s3").put_object(Bucket=BUCKET, Key="2020.tar", Body=b"x")
    listed = machine.succeed("backup.sh", "--list").splitlines()
    assert [line.split()[0] for line in listed] == ["2020.tar", first]
    watch = machine.cloud.client("cloudwatch")
    (metric,) = watch.list_metrics(Namespace="Library")["Metrics"]
    assert metric["MetricName"] == "BackupBytes"
    assert metric["Dimensions"] == [{"Name": "Bucket", "Value": BUCKET}]


def test_the_last_backup_that_came_where_it_belongs_is_noted_for_prometheus(
    project, machine, books
):
    books("one")
    noted = machine.data / "metrics/backup.prom"
    machine.configure(AWS_REGION=machine.cloud.region, BACKUP_BUCKET="nobodys")
    assert machine.run("backup.sh").returncode == 2
    machine.succeed("backup.sh", "--local")
    assert not noted.exists()
    machine.configure(AWS_REGION=machine.cloud.region, BACKUP_BUCKET=BUCKET)
    began = int(time.time())
    machine.back_up()
    name, seconds = noted.read_text().splitlines()[-1].split()
    assert name in (project.path / "monitoring/alerts.yml").read_text()
    assert began <= int(seconds) <= time.time()
    # node-exporter is not root, and reads every .prom file that is there.
    assert [path.name for path in noted.parent.iterdir()] == [noted.name]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (noted.parent, noted)]
    assert modes == [0o755, 0o644]
    # A server without a bucket keeps its backups where they are.
    noted.unlink()
    machine.configure()
    machine.back_up()
    assert noted.exists()
    # A backup that can't be noted is a backup all the same.
    shutil.rmtree(noted.parent)
    noted.parent.touch()
    assert "Prometheus is not told of it: mkdir: " in machine.succeed("backup.sh")


def test_a_deploy_that_migrates_backs_up_before(machine, books):
    books("one")
    # The deploy ends where it would start the release: no image is here.
    done = machine.run("deploy.sh", "v2")
    assert "backing the database up" not in done.stdout
    assert machine.stored() == []
    machine.compose(
        *("migration", "python", "manage.py", "migrate", "-v0", "users", "0002")
    )
    done = machine.run("deploy.sh", "v2")
    assert "backing the database up" in done.stdout
    assert "FAILED: the container did not start" in done.stdout
    (name,) = machine.stored()
    machine.compose("migration", "python", "manage.py", "migrate", "--check")
    assert name.endswith(f"-{TAG}.tar")


def test_a_bucket_that_is_away_stops_no_deploy_and_a_failed_dump_does(machine, books):
    books("one")
    back = ("migration", "python", "manage.py", "migrate", "-v0", "users", "0002")
    machine.configure(AWS_REGION=machine.cloud.region, BACKUP_BUCKET="nobodys")
    machine.compose(*back)
    done = machine.run("deploy.sh", "v2")
    assert "s3://nobodys did not take it, and it stays in" in done.stdout
    assert "FAILED: the container did not start" in done.stdout
    machine.compose(*back)
    machine.program(
        "pg_dump", "#!/bin/sh\necho pg_dump: error: disk full >&2; exit 1\n"
    )
    done = machine.run("deploy.sh", "v2")
    assert "FAILED: the backup before the migration failed" in done.stdout
    assert "disk full" in done.stdout
    assert len(machine.local()) == 1
