"""What a person does after the deploys: the commands of library.sh, backups, restores.

They come after the other scenarios, because some of them end the server's data. The
load stops meanwhile: what is written after a backup is in no backup. So every row must
be back.
"""

import contextlib

from lab.rehearsal import PROJECT
from lab.rehearsal.docker import RehearsalError
from lab.rehearsal.scenarios import DONE, UNCHANGED, Scenario
from lab.rehearsal.stage import LIBRARIAN
from tests import live

DATA, SCRIPTS = "/var/lib/library", "/opt/library"
COMMANDS = (
    ("status",),
    ("releases",),
    ("logs", "--tail", "3", "--since", "10m"),
    ("logs", "db", "--tail", "1"),
    ("manage", "showmigrations", "loans"),
    ("shell", "--command", "print(f'{Book.objects.count()} books')"),
    ("librarian", LIBRARIAN["DJANGO_SUPERUSER_EMAIL"]),
    ("backup",),
    ("backup", "--list"),
)
# Other bytes, in the dump of the newest archive.
SPOIL = """\
set -e
file=$(ls /var/lib/bucket/*.tar | tail -n 1)
at=$(grep --byte-offset --only-matching --text PGDMP "$file" | sed 's/:.*//; q')
printf 'another' | dd of="$file" bs=1 seek=$((at + 3000)) conv=notrunc status=none"""


def commands(stage):
    """Give every command that only looks, and those that add; return the worst code."""
    return max(stage.run("library.sh", *command) for command in COMMANDS)


def corrupt_dump(stage):
    """Restore from an archive in which some bytes have changed."""
    back_up(stage)
    stage.host.inside("bash", "-c", SPOIL)
    return restore(stage)


def deleted_books(stage):
    """Delete every book, by SQL and under the readers' eyes, and restore."""
    with every_row_back(stage):
        stage.host.sql("TRUNCATE books_book CASCADE")
        stage.host.manage("invalidate", "books")
        for _ in range(2):
            if shown := books_shown(stage):
                raise RehearsalError(f"the API shows {shown} books, and there are none")
        return restore(stage)


def lost_volume(stage):
    """Lose the data volume, and restore: whoever was logged in still is."""
    with every_row_back(stage):
        stage.host.lose(DATA)
        return restore(stage)


def new_server(stage):
    """Lose the scripts, too; set the server up anew, deploy, and restore.

    It has new secrets, so readers log in again.
    """
    with every_row_back(stage):
        tag = stage.host.releases()[-1]
        stage.host.lose(DATA, SCRIPTS)
        stage.host.install(PROJECT, stage.host.config)
        stage.deploy(tag)
        code = restore(stage)
        stage.log_in()
        return code


def back_up(stage):
    """Make a backup. Raises RehearsalError if it does not reach the bucket."""
    if code := stage.run("library.sh", "backup"):
        raise RehearsalError(f"the backup ended with exit code {code}")


def restore(stage):
    """Restore the newest archive; return the exit code."""
    return stage.run("library.sh", "restore", "latest", "--yes")


def books_shown(stage):
    """Return the number of books that a reader of the API sees."""
    books = f"{stage.host.url}/api/v1/books?page_size=1"
    return live.send(books, token=stage.load.token)["count"]


@contextlib.contextmanager
def every_row_back(stage):
    """Back up while nothing is written; after the block every row must be there.

    Raises RehearsalError if the database or the API has another number.
    """
    stage.load.stop()
    try:
        before = stage.host.rows()
        back_up(stage)
        yield
        after = stage.host.rows()
        shown = books_shown(stage)
    finally:
        stage.load = stage.load.resumed()
    stage.say(f"    rows before {before}, and after {after}; books shown: {shown}")
    if after != before or shown != after["books"]:
        raise RehearsalError(f"rows {after}, books shown {shown}, before {before}")


AFTER = {"after": ("v1",)}
RESTORED = ("is restored", *DONE)
OPERATIONS = [
    Scenario("commands", commands, 0, UNCHANGED, UNCHANGED, (" books",), **AFTER),
    Scenario(
        *("corrupt dump", corrupt_dump, 1, UNCHANGED, UNCHANGED),
        says=("FAILED: ", "is damaged"),
        **AFTER,
    ),
    Scenario(
        *("deleted books", deleted_books, 0, UNCHANGED, UNCHANGED), RESTORED, **AFTER
    ),
    Scenario(
        *("lost volume", lost_volume, 0, UNCHANGED, UNCHANGED),
        says=("secrets: those of the archive", *RESTORED),
        switches=None,
        **AFTER,
    ),
    Scenario(
        *("new server", new_server, 0, UNCHANGED, UNCHANGED),
        says=RESTORED,
        switches=None,
        **AFTER,
    ),
]
