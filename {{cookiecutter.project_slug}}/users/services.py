"""Writes to users and their tokens."""

from typing import cast

from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from common.errors import Conflict
from users.models import User

DEAD_TOKEN = "The refresh token is invalid, expired or already used."

# {"access_token": …, "refresh_token": …}
Tokens = dict[str, str]


def register(*, email: str, username: str, password: str) -> User:
    """Create and return a reader.

    Raises Conflict (409) if the address or the name was taken since its validation.
    """
    user = User(email=email, username=username)
    # Hashing is slow on purpose. In the transaction it would block SQLite's writers.
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise Conflict("This email or username was just taken.") from error
    return user


def log_in(*, request: HttpRequest, email: str, password: str) -> Tokens:
    """Return a new pair of tokens for the reader with this email and password.

    Raises Throttled (429) after too many guesses (users/attempts.py), for which it
    needs the request's address, and AuthenticationFailed (401). The message and the
    time of a 401 don't tell whether the address is known: Django hashes the password
    in both cases.
    """
    user = authenticate(request, email=email, password=password)
    if user is None:
        raise AuthenticationFailed("No active account has this email and password.")
    return _new_tokens(user)


def log_out(*, user: User, refresh_token: str) -> None:
    """Revoke the user's `refresh_token`.

    Raises AuthenticationFailed (401) if it is invalid, expired or used already, and
    PermissionDenied (403) if it is another user's.
    """
    token = _read(refresh_token)
    if token[api_settings.USER_ID_CLAIM] != str(user.pk):
        raise PermissionDenied("This refresh token belongs to another user.")
    _use_up(token)


@transaction.atomic
def rotate(*, refresh_token: str) -> Tokens:
    """Return a new pair of tokens, and revoke the old refresh token.

    Raises AuthenticationFailed (401) if that is invalid, expired or used already, or if
    its user was deactivated or has changed the password since.
    """
    token = _read(refresh_token)
    user = User.objects.filter(
        pk=token[api_settings.USER_ID_CLAIM], is_active=True
    ).first()
    if user is None or token.get(api_settings.REVOKE_TOKEN_CLAIM) != (
        get_md5_hash_password(user.password)
    ):
        raise AuthenticationFailed(DEAD_TOKEN)
    _use_up(token)
    return _new_tokens(user)


def _new_tokens(user: User) -> Tokens:
    # Nothing else deletes the rows of expired tokens, which no one needs.
    OutstandingToken.objects.filter(user=user, expires_at__lt=timezone.now()).delete()
    refresh = RefreshToken.for_user(user)
    return {"access_token": str(refresh.access_token), "refresh_token": str(refresh)}


def _read(refresh_token: str) -> RefreshToken:
    try:
        # It takes the token's text, although it declares a Token.
        return RefreshToken(refresh_token)  # type: ignore[arg-type]
    except TokenError as error:
        raise AuthenticationFailed(DEAD_TOKEN) from error


def _use_up(token: RefreshToken) -> None:
    # If two requests send the same token, only one of them creates its blacklist row.
    # It returns what get_or_create() returned, although it declares a row.
    _, was_alive = cast(tuple[BlacklistedToken, bool], token.blacklist())
    if not was_alive:
        raise AuthenticationFailed(DEAD_TOKEN)
