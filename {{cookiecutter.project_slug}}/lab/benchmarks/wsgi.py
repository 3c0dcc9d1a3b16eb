"""The API, with the number of database queries in `X-Queries`.

0 means that the database had no part in the answer.
"""

import threading

from django.db.backends.signals import connection_created

from config.wsgi import application as api
from lab.harness.wsgi import with_header

_here = threading.local()


def _count(execute, *arguments):
    _here.queries = getattr(_here, "queries", 0) + 1
    return execute(*arguments)


def _watch(connection, **kwargs):
    # The connection may have been closed and opened again.
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count)


connection_created.connect(_watch)
_counted = with_header(api, "X-Queries", lambda: _here.queries)


def application(environ, start_response):
    """Answer a request."""
    _here.queries = 0
    return _counted(environ, start_response)
