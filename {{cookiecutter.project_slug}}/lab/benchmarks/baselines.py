"""Views that only send bytes, with which cached reads are compared."""

from django.http import HttpResponse

from caching.front import call
from caching.requests import Environ
from lab.benchmarks.checked import checked
from users.authentication import ReaderAuthentication

_authentication = ReaderAuthentication()
_kept = {}


def bare(request):
    """Send to anybody what the API answered to the first request."""
    key = request.META["QUERY_STRING"]
    if key not in _kept:
        _kept[key] = _ask(request.META | {"PATH_INFO": "/api/v1/books"})
    body, headers = _kept[key]
    return HttpResponse(body, headers=headers)


def _ask(environ: Environ) -> tuple[bytes, dict[str, str]]:
    from config.wsgi import application

    _, headers, body = call(application, environ)
    return body, dict(headers)


# With the token checked as for all strategies.
with_token = checked(bare)


def with_reader(request):
    """Send the same to a reader who is looked up in the database each time.

    That is the usual way; it checks the token's signature each time, too.
    """
    reader, _ = _authentication.authenticate(request)
    assert reader.is_active
    return bare(request)
