"""The database and the cache go away, one after the other, and health is asked."""

import random
from contextlib import contextmanager

from django.db import connection
from django.test import override_settings

from course.marks import Client, shown, wrong
from tests import caches
from tests.servers import refusing_port

PATH = "/common/health-check"


def check(seed):
    """Ask in every state that a server can be in."""
    data = random.Random(seed)
    release = f"{data.randrange(16**7):07x}"
    with override_settings(RELEASE=release):
        check_well(release)
        check_database()
        check_cache()
        check_read_only()


def check_well(release):
    """Ask while all is well."""
    status, report, evidence = ask()
    if (status, report.get("status")) != (200, "ok"):
        wrong("unwell", evidence)
    if report.get("release") != release:
        wrong("release", [*evidence, f"running: {release}"])


def check_cache():
    """Ask while nothing answers where Redis should be."""
    with refusing_port() as port:
        away = caches.caching(f"redis://127.0.0.1:{port}/0", timeout=0.2)
        with override_settings(CACHING=away):
            status, report, evidence = ask()
    if status != 200:
        wrong("cache_is_fatal", evidence)
    if (report.get("status"), report.get("cache")) != ("degraded", "unreachable"):
        wrong("cache_hidden", evidence)


def check_database():
    """Ask while the database can't be opened."""
    with no_database():
        status, report, evidence = ask()
    if status == 200:
        wrong("only_runs", evidence)
    wanted = (503, "unavailable", "unreachable")
    if (status, report.get("status"), report.get("database")) != wanted:
        wrong("database", evidence)
    if "Retry-After: " not in evidence[-1]:
        wrong("retry", evidence)


def check_read_only():
    """Ask while the database can be read and not written."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        status, report, evidence = ask()
        cursor.execute("PRAGMA query_only = OFF")
    wanted = (200, "degraded", "read-only")
    if (status, report.get("status"), report.get("database")) != wanted:
        wrong("read_only", evidence)


def ask():
    """Return status, document and evidence of one health check."""
    answer = Client().get(PATH)
    evidence = [shown("GET", PATH, answer)]
    if wait := answer.headers.get("Retry-After"):
        evidence.append(f"Retry-After: {wait}")
    return answer.status_code, answer.json(), evidence


@contextmanager
def no_database():
    """Let the database be where nothing is."""
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "/nowhere/at/all.sqlite3"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
