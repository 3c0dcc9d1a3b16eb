"""Builds the releases that are deployed: good ones, and ones with a fault."""

import tempfile
from pathlib import Path

from lab.rehearsal import PROJECT
from lab.rehearsal.docker import docker

# Each is a change that a bad commit could make.
BROKEN_VIEWS = """
def application(environ, start_response):
    start_response("500 Internal Server Error", [("Content-Length", "0")])
    return []
"""
# What no check asks for: only a person sees it.
WRONG = """
serve = application
def application(environ, start_response):
    if environ["REQUEST_METHOD"] + environ["PATH_INFO"] != "{}":
        return serve(environ, start_response)
    start_response("500 Internal Server Error", [("Content-Length", "0")])
    return []
"""
WRONG_LOANS = WRONG.format("GET/api/v1/loans")
# What the health check does not ask for, and the smoke test does.
WRONG_LIST = WRONG.format("GET/api/v1/books")
# What neither asks for, and readers meet at once.
WRONG_WRITES = WRONG.format("POST/api/v1/books")
NO_CACHE = "sed -i 's/@redis:6379/@nowhere:6379/' {}"
# Once asked to, a worker's threads hang: no request is answered but hits, by its loop.
HANGING = """
import threading
hung = threading.Event()
def hanging(environ, start_response):
    if environ["PATH_INFO"] == "/api/v1/hang":
        hung.set()
    if hung.is_set():
        threading.Event().wait()
    return django(environ, start_response)
application = in_order(hanging)
"""
# Holds the table for 20 seconds, by many short statements in one transaction.
SCANNING = """
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("books", "{}")]
    operations = [
        migrations.RunSQL(["LOCK TABLE books_book", *["SELECT pg_sleep(0.5)"] * 40])
    ]
"""
SLOW_START_SECONDS = 40
SLOW_START = f"""
import time
time.sleep({SLOW_START_SECONDS})
"""
CRASH = """
raise RuntimeError("this release crashes at start")
"""
NEW_COLUMN = """
Book.add_to_class(
    "shelf", models.CharField(max_length=20, blank=True, db_default="")
)
"""
# What a commit changes in scripts/, which deploys it.
OWN_WORDS = "its own deploy.sh deploys this release"
OWN_DEPLOY = f"""
say '{OWN_WORDS}'
"""
OWN_LIMIT = 250 * 1024**2  # bytes of memory
OWN_COMPOSE = "sed -i 's/^  mem_limit: 256m$/  mem_limit: 250m/' {}"

MAKE_MIGRATION = (
    "SECRET_KEY=only-while-the-migration-is-being-written "
    "JWT_SECRET_KEY=only-while-the-migration-is-written-too "
    "python manage.py makemigrations books --name shelf"
)
CHANGED = """\
FROM {base}
USER 0
COPY addition /tmp/addition
RUN cat /tmp/addition >> {path} && {then}
USER 10001
ENV RELEASE={says}
"""


def build(host, tag):
    """Build the project without a change, as release `tag`, and push it."""
    docker(
        *("build", "--quiet", "--label", host.label, "--build-arg", f"RELEASE={tag}"),
        *("--tag", f"{host.repository}:{tag}", str(PROJECT)),
    )
    host.push(tag)


def build_changed(host, tag, path, addition, then="true", says=None):
    """Build release `tag` from v1, with text appended to one file, and push it.

    `then` is a shell command that runs in the changed image. `says` is the release that
    its health check shows, by default `tag`.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "addition").write_text(addition, encoding="utf-8")
        Path(folder, "Dockerfile").write_text(
            CHANGED.format(
                base=f"{host.repository}:v1", says=says or tag, path=path, then=then
            ),
            encoding="utf-8",
        )
        name = f"{host.repository}:{tag}"
        docker("build", "--quiet", "--label", host.label, "--tag", name, folder)
    host.push(tag)


def build_all(host, say):
    """Build and push what the scenarios deploy beside v1; `say` prints a line."""
    for tag in ("v2", "v3", "v4"):
        say(f"building release {tag}")
        build(host, tag)
    say("building releases with a fault each, and a migrating one")
    build_changed(host, "unhealthy", "config/wsgi.py", BROKEN_VIEWS)
    build_changed(host, "failing", "config/wsgi.py", WRONG_WRITES)
    build_changed(host, "hanging", "config/wsgi.py", HANGING)
    build_changed(host, "slow", "config/wsgi.py", SLOW_START)
    build_changed(host, "crashing", "config/wsgi.py", CRASH)
    build_mislabelled(host)
    for tag in ("wrong", "wrong-too"):
        build_changed(host, tag, "config/wsgi.py", WRONG_LOANS)
    build_changed(host, "unreadable", "config/wsgi.py", WRONG_LIST)
    *_, last = sorted(path.stem for path in PROJECT.glob("books/migrations/0*.py"))
    scanning = ("books/migrations/9999_scan.py", SCANNING.format(last))
    build_changed(host, "scanning", *scanning)
    build_changed(host, "expanding", "books/models.py", NEW_COLUMN, MAKE_MIGRATION)
    say("building releases that change how they are deployed")
    build_changed(host, "own-deploy", "scripts/deploy.sh", OWN_DEPLOY)
    compose = "scripts/docker-compose.yml"
    build_changed(host, "own-compose", compose, "", OWN_COMPOSE.format(compose))
    build_changed(host, "cacheless", compose, "", NO_CACHE.format(compose))


def build_mislabelled(host):
    """Build a healthy release that reports another tag: only readers see it."""
    build_changed(host, "mislabelled", "config/wsgi.py", "", says="another")
