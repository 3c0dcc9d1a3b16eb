"""If-Match: write only over what its sender has read (RFC 9110, section 13.1.1).

Two librarians read the same book, and both send it back changed: without a condition
the second write takes back the first one, or a loan in between.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from caching.entries import entity_tag
from caching.responses import etags_of
from common.renderers import FastJSONRenderer

# Reads the document as it is now.
Read = Callable[[], Mapping[str, Any]]
# Raises PreconditionFailed if that may not be changed.
Precondition = Callable[[Read], None]


class PreconditionFailed(APIException):
    """The resource is not the one that If-Match names (412)."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "It was changed since you read it: read it again."
    default_code = "precondition_failed"


def always(read: Read) -> None:
    """The precondition that is always met."""


def if_match(request: Request) -> Precondition:
    """Return the request's precondition; without If-Match it is always met.

    A service calls it when it has locked the row.
    """
    header = request.META.get("HTTP_IF_MATCH")

    if header is None or header.strip() == "*":
        return always

    def check(read: Read) -> None:
        now = etags_of(entity_tag(FastJSONRenderer().render(read())))
        # A weak validator never matches: it may stand for other bytes.
        if not now & set(parse_etags(header)):
            raise PreconditionFailed

    return check
