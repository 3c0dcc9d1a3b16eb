"""Tells who sends a request, from the access token."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework import exceptions
from rest_framework_simplejwt.authentication import (
    AUTH_HEADER_TYPE_BYTES,
    JWTAuthentication,
)
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

REFUSAL = "The access token is malformed, invalid, expired or revoked."


class ReaderAuthentication(JWTAuthentication):
    """A signed, unexpired access token of an active reader.

    Raises AuthenticationFailed (401), with one line whatever is wrong.
    """

    def get_raw_token(self, header):
        """Return the token in an Authorization header.

        The name of its scheme is matched ignoring case (RFC 9110).
        """
        scheme, space, rest = header.partition(b" ")
        names = {name.lower(): name for name in AUTH_HEADER_TYPE_BYTES}
        known = names.get(scheme.lower(), scheme)
        return super().get_raw_token(known + space + rest)

    def authenticate(self, request):
        """Return the reader and the token, or None without one."""
        try:
            return super().authenticate(request)
        except (AuthenticationFailed, InvalidToken) as error:
            raise exceptions.AuthenticationFailed(REFUSAL) from error


class ReaderAuthenticationScheme(SimpleJWTScheme):
    """Shows the scheme in the OpenAPI document."""

    target_class = ReaderAuthentication
    name = "accessToken"
