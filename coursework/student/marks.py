"""What checks are written with: findings, clients, races that happen every time."""

import os
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from django.db import connection
from rest_framework.test import APIClient

from course.grader import ROOT
from course.variants import ANSWERS, VARIABLE
from tests import caches
from tests.clients import API
from tests.clients import Client as ProjectClient
from tests.crowd import all_at_once

# Seconds for which a transaction waits for others to look at the same row.
TOGETHER = 0.4
Question = TypeVar("Question")


class Wrong(Exception):
    """A check found a fault: the key of its sentence, what fills it, the evidence."""

    def __init__(self, key: str, evidence: str, values: dict[str, Any]) -> None:
        super().__init__(key)
        self.key, self.evidence, self.values = key, evidence, values


def wrong(key: str, evidence: object = "", **values: Any) -> NoReturn:
    """End a check with the sentence `key` of its sentences.toml. Raises Wrong."""
    lines = evidence if isinstance(evidence, (list, tuple)) else [evidence]
    raise Wrong(key, "\n".join(map(str, lines)), values)


def own(questions: Sequence[Question]) -> Question:
    """Return the question that is this student's. Raises Wrong if nobody knows."""
    number = os.environ.get(VARIABLE, "")
    if not number:
        wrong("no_origin")
    return questions[int(number) % len(questions)]


def answered(exercise: str) -> list[Any] | None:
    """Return the student's answer to their question; None if there is none yet.

    Raises Wrong if the file can't be read.
    """
    path = ROOT / ANSWERS
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        found = tomllib.loads(text).get(exercise)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        wrong("no_toml", error=error)
    return found if isinstance(found, list) else None


class Client(ProjectClient):
    """A client of the API; answers that the API's document does not know are fine."""

    def generic(self, method: str, path: str, *arguments: Any, **options: Any) -> Any:
        """Send a request to a path below the API's."""
        return APIClient.generic(self, method, API + path, *arguments, **options)


def shown(method: str, path: str, response: Any) -> str:
    """Return one line about a request and its answer."""
    body = response.content.decode("utf-8", "replace")
    short = body if len(body) < 120 else f"{body[:117]}..."
    return f"{method} {path} -> {response.status_code} {short}"


def race(actions: list[Callable[[], Any]], table: str) -> list[Any]:
    """Call the actions at once; return what they returned.

    Whoever has read `table` waits a moment for the others to read it too. So a race
    that is possible happens every time, and no two wait if there is a lock.
    """
    met = threading.Barrier(len(actions))

    def meet(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("SELECT") and f'FROM "{table}"' in sql and not met.broken:
            try:
                met.wait(TOGETHER)
            except threading.BrokenBarrierError:
                pass
        return result

    def perform(action: Callable[[], Any]) -> Any:
        with connection.execute_wrapper(meet):
            return action()

    return all_at_once([lambda action=action: perform(action) for action in actions])


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Yield a list to which the SQL of each query is added."""
    seen: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield seen


def truth(client: Client, path: str) -> Any:
    """Return the answer to a GET with an empty cache."""
    caches.empty()
    return client.get(path)


def is_hit(response: Any) -> bool:
    """Return whether an answer came from the cache."""
    return response.headers.get("X-Cache", "").startswith("HIT")
