"""Adds a header to every answer, those that the front gives included."""

from collections.abc import Callable


def with_header(application, name: str, value: Callable[[], object]):
    """Return the WSGI application, with a header in each of its answers.

    `value` is called when an answer is ready to be sent.
    """

    def answer(environ, start_response):
        def start(status, headers, *more):
            return start_response(status, [*headers, (name, str(value()))], *more)

        return application(environ, start)

    return answer
