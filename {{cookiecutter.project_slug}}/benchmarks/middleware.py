"""Tells with every answer how many queries on books and their tags it took."""

import threading

from django.db.backends.signals import connection_created

BOOKS = 'FROM "books_'
_here = threading.local()


def count_queries(get_response):
    """Add `X-Book-Queries`: 0 means that the answer came from a cache."""

    def answer(request):
        _here.queries = 0
        response = get_response(request)
        response.headers["X-Book-Queries"] = str(_here.queries)
        return response

    return answer


def _count(execute, sql, *arguments):
    if BOOKS in sql:
        _here.queries = getattr(_here, "queries", 0) + 1
    return execute(sql, *arguments)


def _watch(connection, **kwargs):
    # It may be one that was closed and is opened again.
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count)


connection_created.connect(_watch)
