"""A body means the same however it is sent: a WSGI layer before Django.

Django reads no body without a Content-Length, so a chunked one would be silently
empty; and it decodes the query by the charset that Content-Type names, even if that is
no text encoding (zlib, say). A body that is too large is refused here, unread, whatever
the view.
"""

import math
import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.http import HttpResponse

from common.errors import content_too_large
from common.events import record

CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)


class OneFraming:
    """Hands each request on with a Content-Length, to be read as UTF-8."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        kind = environ.get("CONTENT_TYPE")
        if kind and ";" in kind:
            environ["CONTENT_TYPE"] = CHARSET.sub("", kind)
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            _read_chunks(environ)
        if _length(environ) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or math.inf):
            record("limit_met", status=413)
            return _send(content_too_large(), start_response)
        return self.application(environ, start_response)


def _length(environ: WSGIEnvironment) -> int:
    length = environ.get("CONTENT_LENGTH") or ""
    return int(length) if length.isascii() and length.isdecimal() else 0


def _send(
    response: HttpResponse, start_response: Callable[..., Any]
) -> Iterable[bytes]:
    start_response(
        f"{response.status_code} {response.reason_phrase}", [*response.items()]
    )
    return [response.content]


def _read_chunks(environ: WSGIEnvironment) -> None:
    # One byte more than is accepted is enough to refuse it.
    most = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + 1
    body = environ["wsgi.input"].read(most)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
    del environ["HTTP_TRANSFER_ENCODING"]
