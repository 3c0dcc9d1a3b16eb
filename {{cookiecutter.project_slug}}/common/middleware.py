"""Middleware: every response goes through it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class BodylessHead:
    """Answers HEAD without a body, but with the Content-Length of a GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response; remove its body if it answers a HEAD."""
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response
