"""Settings from the environment; unsafe ones are refused in one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
GOOD = {
    "SECRET_KEY": "k" * 50,
    "JWT_SECRET_KEY": "j" * 50,
    "DOTENV": os.devnull,
    "DJANGO_SETTINGS_MODULE": "config.settings",
}


def python(*arguments, **environment):
    """Run Python with these variables and no others."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    variables = kept | GOOD | environment
    return subprocess.run(
        [sys.executable, *arguments],
        env={name: value for name, value in variables.items() if value is not None},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def setting(name, **environment):
    code = f"from config import settings; print(repr(settings.{name}))"
    result = python("-c", code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("SECRET_KEY", None, "SECRET_KEY is not set"),
        ("SECRET_KEY", "change-me", "SECRET_KEY still has its example value"),
        ("JWT_SECRET_KEY", "", "JWT_SECRET_KEY is not set"),
        ("JWT_SECRET_KEY", "change-me", "JWT_SECRET_KEY still has its example value"),
        ("JWT_SECRET_KEY", "short", "JWT_SECRET_KEY has 5 characters; at least 32"),
        ("JWT_ALGORITHM", "none", "JWT_ALGORITHM is 'none'; accepted: HS256"),
        ("DEBUG", "maybe", "DEBUG is 'maybe'; accepted: true, false"),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY is '0'; accepted: a whole number"),
        (
            "THROTTLE_REFRESH",
            "9/week",
            "THROTTLE_REFRESH is '9/week'; accepted: a rate",
        ),
        ("THROTTLE_LOGIN", "often", "THROTTLE_LOGIN is 'often'; accepted: a rate"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL starts with 'mysql'; accepted"),
        *[
            ("DATABASE_URL", f"postgres://u:{password}@h:5432/db", "DATABASE_URL can't")
            for password in ("pa/ss", "pa#ss", "pa?ss", "pa@s/s")
        ],
        ("DATABASE_URL", "postgres://u:p@h:port/db", "DATABASE_URL can't be read"),
        *[
            ("CORS_ALLOWED_ORIGINS", each, f"CORS_ALLOWED_ORIGINS has {each!r}; acc")
            for each in (
                *("books.example.com", "https://books.example.com/", "*", "null"),
                *("https://Books.example.com", "https://books.example.com:443"),
                *("http://h:80", "ftp://h", "https://u@h", "https://h?x", "https://"),
            )
        ],
        ("HSTS_SECONDS", "a year", "HSTS_SECONDS is 'a year'; accepted: a whole"),
        ("HSTS_PRELOAD", "maybe", "HSTS_PRELOAD is 'maybe'; accepted: true, false"),
        ("REDIS_URL", "localhost:6379", "REDIS_URL can't be read; accepted: redis://"),
        ("REDIS_URL", "http://localhost", "REDIS_URL can't be read"),
        ("REDIS_URL", "redis://:pa/ss@h/0", "REDIS_URL can't be read"),
    ],
)
def test_what_is_unsafe_stops_the_process_with_one_line(name, value, problem):
    result = python("manage.py", "check", **{name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(problem)
    assert result.stderr.count("\n") == 1


def test_the_example_env_is_refused():
    result = python(
        "manage.py",
        "check",
        DOTENV=".env.example",
        SECRET_KEY=None,
        JWT_SECRET_KEY=None,
    )
    assert result.returncode == 1
    assert "SECRET_KEY still has its example value" in result.stderr


def test_a_server_takes_every_setting_that_the_example_names():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"(?m)^(?:# )?([A-Z][A-Z0-9_]*)=", example)
    accepted = (ROOT / "scripts/settings.txt").read_text(encoding="utf-8").split()
    of_a_server = {"DOMAIN", "MIGRATION_DATABASE_URL", "MIGRATION_STATEMENT_TIMEOUT"}
    of_a_server |= {"HEALTH_SECONDS", "BAKE_SECONDS"}
    assert set(named) == set(accepted) - of_a_server


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "False"),
        ("ALLOWED_HOSTS", "['localhost', '127.0.0.1', '[::1]']"),
        ("DATABASES['default']['ENGINE']", "'django.db.backends.sqlite3'"),
        ("SIMPLE_JWT['ALGORITHM']", "'HS256'"),
        ("WORKER_PROCESSES", "1"),
    ],
)
def test_the_defaults_run_on_any_machine(name, value):
    assert setting(name) == value


def test_urls_switch_to_postgresql_and_redis():
    variables = {
        "DATABASE_URL": "postgres://u:p%40ss@db:5433/library",
        "REDIS_URL": "redis://cache:6379/1",
    }
    database = setting("DATABASES['default']", **variables)
    assert "'django.db.backends.postgresql'" in database and "'p@ss'" in database
    assert setting("CACHING['redis_url']", **variables) == "'redis://cache:6379/1'"


def test_django_finds_nothing_to_say_about_production():
    result = python(
        "manage.py",
        "check",
        "--deploy",
        "--fail-level=WARNING",
        USE_HTTPS="on",
        ALLOWED_HOSTS="library.example.com",
        SECRET_KEY="0123456789aBcDeFgH-" * 3,
    )
    assert result.returncode == 0, result.stderr


def test_origins_are_read_as_a_list():
    given = "https://books.example.com, http://localhost:5173,http://[::1]:80"
    expected = f"frozenset({set(given.replace(' ', '').split(','))!r})"
    found = setting("CORS_ALLOWED_ORIGINS", CORS_ALLOWED_ORIGINS=given[:-3])
    assert eval(found) == eval(expected.replace("]:80", "]"))
    assert setting("CORS_ALLOWED_ORIGINS") == "frozenset()"


HSTS = "[settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, "
HSTS += "settings.SECURE_HSTS_PRELOAD]"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, [0, False, False]),
        ({"HSTS_SECONDS": "9", "HSTS_PRELOAD": "on"}, [0, False, False]),
        ({"USE_HTTPS": "on"}, [300, False, False]),
        (
            {"USE_HTTPS": "on", "HSTS_SECONDS": "31536000", "HSTS_SUBDOMAINS": "on"},
            [31536000, True, False],
        ),
        ({"USE_HTTPS": "on", "HSTS_PRELOAD": "on"}, [300, False, True]),
    ],
)
def test_hsts_promises_minutes_until_a_person_says_more(given, found):
    code = f"from config import settings; print({HSTS})"
    assert python("-c", code, **given).stdout.strip() == str(found)


def test_passwords_are_hashed_with_argon2():
    code = (
        "import django; django.setup();"
        "from django.contrib.auth.hashers import make_password;"
        "print(make_password('a long unlikely phrase'))"
    )
    assert python("-c", code).stdout.startswith("argon2$argon2id$")


ASK = """
import django
django.setup()
from django.test import Client
for path in ("/", "/admin", "/admin/login/", "/api/v1/docs", "/api/v1/schema"):
    answer = Client().get(path, headers={"host": "localhost"})
    print(answer.status_code, answer.headers["Content-Type"].partition(";")[0])
"""


@pytest.mark.parametrize("debug", ["on", "off"])
def test_docs_and_admin_can_be_switched_off(debug):
    off = {"SERVE_DOCS": "off", "SERVE_ADMIN": "off", "DEBUG": debug}
    answers = python("-c", ASK, **off).stdout.splitlines()
    assert answers[1:] == ["404 application/json"] * 4
    assert answers[0].startswith("404 ")
    answers = python("-c", ASK, DEBUG=debug).stdout.split()[::2]
    assert answers == ["302", "302", "200", "200", "200"]


def timeouts(**environment):
    """Return the options of a connection to PostgreSQL."""
    url = {"DATABASE_URL": "postgres://u:p@db:5433/library"}
    return setting("DATABASES['default']['OPTIONS']['options']", **(url | environment))


def test_the_api_waits_for_no_lock_and_no_statement_for_long():
    assert timeouts() == (
        "'-c lock_timeout=2s -c statement_timeout=4s "
        "-c idle_in_transaction_session_timeout=10s'"
    )
    assert "lock_timeout=7s" in timeouts(DATABASE_LOCK_TIMEOUT="7")


def test_options_of_the_url_are_kept():
    url = "postgres://u:p@db:5433/library?options=-c%20search_path%3Dbooks"
    assert timeouts(DATABASE_URL=url).endswith("=10s -c search_path=books'")


def test_a_command_may_take_its_time_and_waits_for_no_lock():
    code = "from django.conf import settings;"
    code += "print(settings.DATABASES['default']['OPTIONS']['options'])"
    url = {"DATABASE_URL": "postgres://u:p@db:5433/library"}
    done = python("manage.py", "shell", "--no-imports", "--command", code, **url)
    assert done.stdout.strip() == (
        "-c lock_timeout=2s -c statement_timeout=0s "
        "-c idle_in_transaction_session_timeout=0s"
    )
