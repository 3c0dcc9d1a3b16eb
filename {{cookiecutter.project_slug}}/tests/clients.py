"""Clients of the API, each for one user."""

from django.conf import settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

API = "/api/v1"


class Client(APIClient):
    """A client with an access token of `user`; without a user, without a token."""

    def __init__(self, user=None, **options):
        super().__init__(**options)
        self.user = user
        if user:
            word = settings.SIMPLE_JWT["AUTH_HEADER_TYPES"][0]
            token = RefreshToken.for_user(user).access_token
            self.credentials(HTTP_AUTHORIZATION=f"{word} {token}")

    def generic(self, method, path, *arguments, **options):
        """Send a request to a path below the API's."""
        return super().generic(method, API + path, *arguments, **options)


def errors_of(response):
    """Return {attr: code} of an error answer, after checking its shape."""
    body = response.json()
    assert set(body) == {"type", "errors"}, body
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}, body
    return {error["attr"]: error["code"] for error in body["errors"]}


def results_of(response):
    """Return the results of a list answer, after checking its envelope."""
    assert response.status_code == 200, response.content
    assert list(response.json()) == ["count", "next", "previous", "results"]
    return response.json()["results"]
