"""Tells who sends a request, from the access token."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken


class ReaderAuthentication(JWTAuthentication):
    """A signed, unexpired access token of an active reader.

    Raises AuthenticationFailed (401), with one line whatever is wrong.
    """

    def get_validated_token(self, raw_token):
        """Return the token if its signature and times are right."""
        try:
            return super().get_validated_token(raw_token)
        except InvalidToken as error:
            raise AuthenticationFailed(
                "The access token is invalid or expired."
            ) from error


class ReaderAuthenticationScheme(SimpleJWTScheme):
    """Shows the scheme in the OpenAPI document."""

    target_class = ReaderAuthentication
    name = "accessToken"
