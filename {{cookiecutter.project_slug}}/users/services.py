"""Writes to users, and what ends or begins their sessions."""

from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from common.errors import Conflict
from common.events import account, record
from users import families
from users.families import Tokens
from users.models import User

WRONG_PASSWORD = "The password is wrong."


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
    return families.begin(user=user)


def log_out_everywhere(*, user: User) -> None:
    """End all of the user's tokens, and their sessions in the admin site."""
    user.end_all_sessions()
    user.token_families.all().delete()
    record("logged_out_everywhere", account=account(user.email))


def change_password(
    *, request: HttpRequest, user: User, password: str, new_password: str
) -> Tokens:
    """Change the password from `password`; return new tokens. All others are dead.

    Raises AuthenticationFailed (401) if `password` is not the user's, which counts as a
    failed login, and Throttled (429) after too many of those.
    """
    known = authenticate(request, email=user.email, password=password)
    if known is None:
        raise AuthenticationFailed(WRONG_PASSWORD)
    checked = known.password
    # Before the transaction: see register().
    known.set_password(new_password)
    with transaction.atomic():
        same = User.objects.select_for_update().filter(pk=known.pk, password=checked)
        if same.first() is None:
            # Another request has just changed it.
            raise AuthenticationFailed(WRONG_PASSWORD)
        known.save(update_fields=["password"])
        known.token_families.all().delete()
    record("password_changed", account=account(known.email))
    return families.begin(user=known)
