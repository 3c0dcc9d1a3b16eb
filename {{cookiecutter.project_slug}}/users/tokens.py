"""Tokens that are good as long as their reader has the same fingerprint."""

from typing import Any

from rest_framework_simplejwt import tokens

# The claims of ours: the reader's fingerprint when the token was made (see User), and
# the TokenFamily that a refresh token belongs to.
FINGERPRINT, FAMILY = "fingerprint", "family"


class BoundToken(tokens.Token):
    """A token that is dead as soon as its reader's fingerprint changes."""

    @classmethod
    def for_user(cls, user: Any) -> Any:
        """Return a new token of the user."""
        token = super().for_user(user)
        token[FINGERPRINT] = user.get_session_auth_hash()
        return token


class AccessToken(BoundToken, tokens.AccessToken):
    """Opens the API for some minutes."""


class RefreshToken(BoundToken, tokens.RefreshToken):
    """Is exchanged, once, for a new pair of tokens."""

    access_token_class = AccessToken
