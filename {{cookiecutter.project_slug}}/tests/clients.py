"""Clients of the API, each for one user."""

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from rest_framework.test import APIClient, ForceAuthClientHandler

from common import request_ids
from config.wsgi import in_order
from tests import documented
from users.tokens import AccessToken

API = "/api/v1"
# The document, and a page to look at it: no JSON.
UNDESCRIBED = {f"{API}/schema", f"{API}/docs"}


class FrontHandler(ForceAuthClientHandler):
    """Django's test handler, behind the front as in production."""

    def __call__(self, environ):
        """Return the response to a request."""
        answered, started = {}, []

        def django(inner, start_response):
            response = super(FrontHandler, self).__call__(inner)
            answered[id(inner)] = response
            start_response(
                f"{response.status_code} {response.reason_phrase}",
                [*response.items(), *_cookies(response)],
            )
            return [response.content]

        body = in_order(django)(environ, lambda *with_: started.extend(with_))
        request_ids.forget()
        status, headers = started[:2]
        number, headers = int(status.split()[0]), dict(headers)
        if id(environ) in answered:
            # The layers before Django may have added to it.
            response = answered[id(environ)]
            for name in headers.keys() - {"Set-Cookie"}:
                response.headers[name] = headers[name]
            return response
        kind = headers.pop("Content-Type", None)
        response = HttpResponse(b"".join(body), kind, number, headers=headers)
        if kind is None:
            del response.headers["Content-Type"]
        response.wsgi_request = WSGIRequest(environ)
        return response


def _cookies(response):
    return [("Set-Cookie", each.OutputString()) for each in response.cookies.values()]


class Client(APIClient):
    """A client with an access token of `user`; without a user, without a token."""

    def __init__(self, user=None, **options):
        enforce_csrf_checks = options.get("enforce_csrf_checks", False)
        super().__init__(**options)
        self.handler = FrontHandler(enforce_csrf_checks)
        self.user = user
        if user:
            word = settings.SIMPLE_JWT["AUTH_HEADER_TYPES"][0]
            token = AccessToken.for_user(user)
            self.credentials(HTTP_AUTHORIZATION=f"{word} {token}")

    def generic(self, method, path, *arguments, **options):
        """Send a request to a path below the API's; the answer must be documented."""
        response = super().generic(method, API + path, *arguments, **options)
        if _is_ours(method, options):
            check_document(method, API + path, response)
        return response


def _is_ours(method, options):
    """Return whether the document tells of a request: not of a test's own URLs."""
    prefixed = options.get("SCRIPT_NAME")
    return settings.ROOT_URLCONF == "config.urls" and not (
        prefixed or method == "OPTIONS"
    )


def check_document(method, path, response):
    """Fail unless an answer is what the OpenAPI document says."""
    path = path.partition("?")[0]
    if path in UNDESCRIBED:
        return
    problem = documented.problem(method, path, response)
    if problem:
        raise AssertionError(f"{method} {path}: {problem}. {documented.HINT}")


def errors_of(response):
    """Return {attr: code} of an error answer, after checking its shape."""
    body = response.json()
    assert set(body) == {"type", "errors"}, body
    assert body["type"] in _types_of(response.status_code, body["errors"]), body
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}, body
    return {error["attr"]: error["code"] for error in body["errors"]}


def _types_of(status, errors):
    if status >= 500:
        return ["server_error"]
    # A body that can't be read is the client's error, too, and no parameter's.
    about_one = any(error["attr"] for error in errors)
    return ["validation_error"] if about_one else ["validation_error", "client_error"]


def results_of(response):
    """Return the results of a list answer, after checking its envelope."""
    assert response.status_code == 200, response.content
    assert list(response.json()) == ["count", "next", "previous", "results"]
    return response.json()["results"]
