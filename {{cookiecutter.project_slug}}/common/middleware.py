"""What every response goes through."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class BodylessHead:
    """Sends no body in answer to HEAD, with the length that GET would have."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response, emptied if it answers a HEAD."""
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response
