"""What every response goes through."""


class BodylessHead:
    """Sends no body in answer to HEAD, with the length that GET would have."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Return the response, emptied if it answers a HEAD."""
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response
