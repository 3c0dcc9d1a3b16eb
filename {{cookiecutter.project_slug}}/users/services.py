"""Writes to users, and what ends or begins their sessions."""

from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from rest_framework.exceptions import AuthenticationFailed

from common.errors import Conflict
from users import families
from users.families import Tokens, log_event
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


def log_in(*, email: str, password: str) -> Tokens:
    """Return a new pair of tokens for the reader with this email and password.

    Raises AuthenticationFailed (401). Its message and its time don't tell whether the
    address is known: Django hashes the password in both cases.
    """
    user = authenticate(email=email, password=password)
    if user is None:
        raise AuthenticationFailed("No active account has this email and password.")
    return families.begin(user=user)


def log_out_everywhere(*, user: User) -> None:
    """End all of the user's tokens, and their sessions in the admin site."""
    user.end_all_sessions()
    user.token_families.all().delete()
    log_event("logged_out_everywhere", user.pk)


def change_password(*, user: User, password: str, new_password: str) -> Tokens:
    """Change the password from `password`; return new tokens. All others are dead.

    Raises AuthenticationFailed (401) if `password` is not the user's.
    """
    if not user.check_password(password):
        raise AuthenticationFailed(WRONG_PASSWORD)
    checked = user.password
    # Before the transaction: see register().
    user.set_password(new_password)
    with transaction.atomic():
        same = User.objects.select_for_update().filter(pk=user.pk, password=checked)
        if same.first() is None:
            # Another request has just changed it.
            raise AuthenticationFailed(WRONG_PASSWORD)
        user.save(update_fields=["password"])
        user.token_families.all().delete()
    log_event("password_changed", user.pk)
    return families.begin(user=user)
