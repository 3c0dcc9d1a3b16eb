"""Reads settings from the environment. A bad one stops the process with one line."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import environ
from redis.connection import parse_url

BASE_DIR = Path(__file__).resolve().parent.parent
MIN_SECRET_LENGTH = 32
ACCEPTED_URLS = {
    "DATABASE_URL": "postgres://user:password@host:5432/name, in a password %2F for /, "
    "%40 for @, %23 for #, %3F for ?",
    "REDIS_URL": "redis://host:6379/0, redis://:password@host:6379/0, rediss://...",
}
EXAMPLE_PREFIX = "change-me"
ORIGIN = re.compile(
    r"(?!http:.*:80$|https:.*:443$)https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?"
)

env = environ.Env()


def load_dotenv() -> None:
    """Add the variables in `.env` to the environment, except those already set."""
    dotenv = Path(os.environ.get("DOTENV", BASE_DIR / ".env"))
    if dotenv.is_file():
        env.read_env(dotenv, encoding="utf-8")


def refuse(name: str, problem: str) -> NoReturn:
    """Exit with one line: the variable's name and the problem."""
    sys.exit(f"{name} {problem}")


def secret(name: str) -> str:
    """Return the secret `name`; exit if it is missing, too short, or the example."""
    value: str = env.str(name, default="").strip()
    if not value:
        refuse(name, "is not set: run `make setup`, or put a random value into .env")
    if value.startswith(EXAMPLE_PREFIX):
        refuse(name, "still has its example value: put a random value into .env")
    if len(value) < MIN_SECRET_LENGTH:
        refuse(name, f"has {len(value)} characters; at least {MIN_SECRET_LENGTH}")
    return value


def choice(name: str, default: str, accepted: Sequence[str]) -> str:
    """Return the variable `name` if it is one of `accepted`; exit otherwise."""
    value: str = env.str(name, default=default)
    if value not in accepted:
        refuse(name, f"is {value!r}; accepted: {', '.join(accepted)}")
    return value


def boolean(name: str, default: bool = False) -> bool:
    """Return the variable `name` as a bool; exit if it is neither true nor false."""
    value = env.str(name, default=str(default)).strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off", ""):
        return False
    refuse(name, f"is {value!r}; accepted: true, false")


def integer(name: str, default: int, minimum: int = 0) -> int:
    """Return the variable `name` as an int of at least `minimum`; exit otherwise."""
    value = env.str(name, default=str(default)).strip()
    if not value.isdecimal() or int(value) < minimum:
        refuse(name, f"is {value!r}; accepted: a whole number from {minimum}")
    return int(value)


def rate(name: str, default: str) -> str:
    """Return the variable `name`, a request rate such as `10/min`; exit otherwise."""
    value: str = env.str(name, default=default)
    count, _, period = value.partition("/")
    if not count.isdecimal() or period not in ("sec", "min", "hour", "day"):
        refuse(name, f"is {value!r}; accepted: a rate such as 10/min, 100/hour")
    return value


def origins(name: str) -> frozenset[str]:
    """Return the web pages' origins in the variable `name`; exit if one is malformed.

    A browser sends scheme, host and port alone, in lower case and without a usual port.
    """
    given = frozenset(each.strip() for each in env.list(name, default=[]))
    for origin in given - {""}:
        if not ORIGIN.fullmatch(origin):
            refuse(name, f"has {origin!r}; accepted: https://books.example.com")
    return given - {""}


def database(default: str) -> dict[str, Any]:
    """Return Django's database settings for `DATABASE_URL`; exit if it is no such URL.

    SQLite and PostgreSQL are accepted. `default` is the URL without the variable.
    """
    url = env.str("DATABASE_URL", default="") or default
    scheme = url.partition(":")[0]
    if scheme not in ("sqlite", "postgres", "postgresql"):
        refuse("DATABASE_URL", f"starts with {scheme!r}; accepted: sqlite, postgres")
    if scheme == "sqlite":
        sqlite: dict[str, Any] = env.db_url_config(url)
        return sqlite | {"OPTIONS": SQLITE_OPTIONS}
    settings: dict[str, Any] = _read_url("DATABASE_URL", env.db_url_config, url)
    return settings | {
        "CONN_MAX_AGE": integer("DATABASE_CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _postgres_options(**settings.get("OPTIONS", {})),
    }


def _postgres_options(options: str = "", **others: Any) -> dict[str, Any]:
    # A lock that somebody holds, or a query that takes too long, gives up (503).
    timeouts = {
        "lock_timeout": integer("DATABASE_LOCK_TIMEOUT", 2),
        "statement_timeout": integer("DATABASE_STATEMENT_TIMEOUT", 4),
        "idle_in_transaction_session_timeout": integer("DATABASE_IDLE_TIMEOUT", 10),
    }
    ours = " ".join(f"-c {name}={seconds}s" for name, seconds in timeouts.items())
    return others | POSTGRES_OPTIONS | {"options": f"{ours} {options}".strip()}


def redis_address() -> str:
    """Return `REDIS_URL`, "" if it is not set; exit if it is no such URL."""
    url: str = env.str("REDIS_URL", default="").strip()
    if url:
        _read_url("REDIS_URL", parse_url, url)
    return url


def _read_url(name: str, read: Callable[[str], dict[str, Any]], url: str) -> Any:
    # The value is not shown: it may hold a password.
    try:
        parts, found = urlsplit(url), read(url)
        # A password's own / ? or # ends the host too early.
        whole = "@" not in parts.path + parts.query + parts.fragment
        if whole and (parts.port or True):
            return found
    except ValueError:
        pass
    refuse(name, f"can't be read; accepted: {ACCEPTED_URLS[name]}")


# Writers wait for each other (up to `timeout` seconds, less than gunicorn's
# graceful_timeout) instead of failing. IMMEDIATE takes the write lock when a
# transaction begins: later, SQLite would not wait for it. WAL lets others read while
# one writes.
SQLITE_OPTIONS = {
    "timeout": 10,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
# A server that has gone without a word: after so long (seconds, and milliseconds) it is
# away. Without the second, an open connection would wait for a quarter of an hour.
POSTGRES_OPTIONS = {"connect_timeout": 3, "tcp_user_timeout": 2000}
