"""Views that only send bytes, with which cached reads are compared."""

from django.http import HttpResponse

from caching.requests import Environ
from caching.responses import call
from lab.benchmarks.checked import checked
from users.authentication import ReaderAuthentication

_authentication = ReaderAuthentication()
_kept = {}


def bare(request):
    """Send everybody the bytes that the API answered to the first request."""
    key = request.META["QUERY_STRING"]
    if key not in _kept:
        _kept[key] = _ask(request.META | {"PATH_INFO": "/api/v1/books"})
    body, headers = _kept[key]
    return HttpResponse(body, headers=headers)


def _ask(environ: Environ) -> tuple[bytes, dict[str, str]]:
    from config.wsgi import application

    _, headers, body = call(application, environ)
    return body, dict(headers)


# The same, behind the check of the token that all strategies have.
with_token = checked(bare)


def with_reader(request):
    """Send the same, after looking the reader up in the database.

    This is the usual way; it also checks the token's signature each time.
    """
    reader, _ = _authentication.authenticate(request)
    assert reader.is_active
    return bare(request)
