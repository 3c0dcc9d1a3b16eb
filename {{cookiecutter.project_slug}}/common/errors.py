"""Errors, all in one shape: `{"type": …, "errors": [{code, detail, attr}]}`.

Inside the API, drf-standardized-errors builds that shape. The handlers in this file
build it for requests that never reach a view (an unknown path, a forged Host header).
"""

import math
import sys

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db.utils import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import status
from rest_framework.exceptions import APIException, Throttled
from rest_framework.response import Response

from common.events import record

EVENTS_BY_STATUS = {408: "limit_met", 413: "limit_met", 429: "throttled"}


class Conflict(APIException):
    """The request is valid but contradicts the current state (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The request conflicts with the current state."
    default_code = "conflict"


class ContentTooLarge(APIException):
    """The body is larger than the API accepts (413)."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "content_too_large"


class BadRequest(APIException):
    """Django itself finds the request malformed (400)."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = "The request is malformed."
    default_code = "bad_request"


class DatabaseUnavailable(APIException):
    """The database is unreachable, read-only, or too busy (503)."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database can't be used at the moment."
    default_code = "database_unavailable"
    # Seconds. It becomes the header Retry-After.
    wait = 5


# What PostgreSQL says of a write while it is read-only, and of a transaction in which
# nothing happened for too long.
UNAVAILABLE = ("25006", "25P03")


class APIExceptionHandler(ExceptionHandler):
    """Turns Django's own refusals into the API's errors."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Return the API's exception for `exc`; `exc` itself if it needs no change."""
        if isinstance(exc, RequestDataTooBig):
            return ContentTooLarge()
        if isinstance(exc, SuspiciousOperation):
            return BadRequest()
        if is_unavailable(exc):
            return DatabaseUnavailable()
        return super().convert_known_exceptions(exc)

    def convert_unhandled_exceptions(self, exc: Exception) -> APIException:
        """Return a 500 for what nobody expected, in the words of server_error()."""
        return exc if isinstance(exc, APIException) else APIException()

    def report_exception(self, exc: APIException, response: Response) -> None:
        """Log the error; record it where it is a security event, too."""
        super().report_exception(exc, response)
        if event := EVENTS_BY_STATUS.get(response.status_code):
            record(event, self.context["request"], status=response.status_code)


def is_unavailable(error: BaseException | None) -> bool:
    """Return whether a database's error is about the database, not about the query."""
    if isinstance(error, (OperationalError, InterfaceError)):
        return True
    state = getattr(error.__cause__, "sqlstate", "") if error else ""
    return isinstance(error, InternalError) and state in UNAVAILABLE


def _error(status_code: int, code: str, detail: str) -> JsonResponse:
    kind = "server_error" if status_code >= 500 else "client_error"
    errors = [{"code": code, "detail": detail, "attr": None}]
    body = {"type": kind, "errors": errors}
    compact = {"separators": (",", ":")}
    return JsonResponse(body, status=status_code, json_dumps_params=compact)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer 400 to a request that Django itself finds malformed."""
    return _error(400, BadRequest.default_code, BadRequest.default_detail)


def content_too_large() -> JsonResponse:
    """Answer 413 to a body that is larger than the API accepts."""
    return _error(413, ContentTooLarge.default_code, ContentTooLarge.default_detail)


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer 403 outside the API, in the API's error shape."""
    return _error(403, "permission_denied", "You may not do this.")


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer 404 to a path that no view serves."""
    return _error(404, "not_found", "Not found.")


def too_many_requests(wait: float | None) -> JsonResponse:
    """Answer 429 outside the API; `wait` is in seconds, None if unknown."""
    error = Throttled(wait)
    record("throttled", status=429)
    response = _error(429, error.default_code, str(error.detail))
    if wait is not None:
        response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer 503 if the database can't be used, else 500; the log has the cause."""
    if is_unavailable(sys.exc_info()[1]):
        error = DatabaseUnavailable
        response = _error(503, error.default_code, error.default_detail)
        response.headers["Retry-After"] = str(error.wait)
        return response
    return _error(500, APIException.default_code, str(APIException.default_detail))
