"""Sends the number of database queries with every answer."""

import threading

from django.db.backends.signals import connection_created

_here = threading.local()


def count_queries(get_response):
    """Add `X-Queries`: 0 means that the database had no part in the answer."""

    def answer(request):
        _here.queries = 0
        response = get_response(request)
        response.headers["X-Queries"] = str(_here.queries)
        return response

    return answer


def _count(execute, *arguments):
    _here.queries = getattr(_here, "queries", 0) + 1
    return execute(*arguments)


def _watch(connection, **kwargs):
    # The connection may have been closed and opened again.
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count)


connection_created.connect(_watch)
