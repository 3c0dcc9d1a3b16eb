"""Authentication: who sends a request, by its access token."""

from typing import Any, cast

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import (
    AUTH_HEADER_TYPE_BYTES,
    JWTAuthentication,
)
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken
from rest_framework_simplejwt.tokens import Token

from common.events import record
from users.models import User
from users.tokens import FINGERPRINT

REFUSAL = "The access token is malformed, invalid, expired or revoked."


class ReaderAuthentication(JWTAuthentication):
    """Accepts a signed, unexpired access token of an active reader.

    Raises AuthenticationFailed (401). Its message is the same whatever is wrong.
    """

    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return the token in an Authorization header.

        The name of its scheme is matched ignoring case (RFC 9110).
        """
        scheme, space, rest = header.partition(b" ")
        names = {name.lower(): name for name in AUTH_HEADER_TYPE_BYTES}
        known = names.get(scheme.lower(), scheme)
        return super().get_raw_token(known + space + rest)

    def get_user(self, validated_token: Token) -> Any:
        """Return the reader whom the token names."""
        user = super().get_user(validated_token)
        if validated_token.get(FINGERPRINT) != user.get_session_auth_hash():
            raise AuthenticationFailed(REFUSAL)
        return user

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """Return the reader and the token; None if the request has no token."""
        try:
            return super().authenticate(request)
        except (AuthenticationFailed, InvalidToken) as error:
            record("refused_token", request, token="access")
            raise exceptions.AuthenticationFailed(REFUSAL) from error


def current_reader(request: Request) -> User:
    """Return the reader who sends a request to a view that requires a token."""
    return cast(User, request.user)


class ReaderAuthenticationScheme(SimpleJWTScheme):
    """Describes the scheme in the OpenAPI document."""

    target_class = "users.authentication.ReaderAuthentication"
    name = "accessToken"
