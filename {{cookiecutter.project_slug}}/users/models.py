"""Readers and librarians."""

from typing import TYPE_CHECKING, ClassVar
from unicodedata import normalize as nfc

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Lower

from caching.watching import WatchedQuerySet
from common.text import TextColumn, fold, normalize

if TYPE_CHECKING:
    # A type checker accepts no call as a base class.
    WatchedUserManager = UserManager["User"]
else:
    WatchedUserManager = UserManager.from_queryset(WatchedQuerySet)


class ReaderManager(WatchedUserManager):
    """Makes and finds users. Email addresses that differ only in case are the same."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in the form in which it is stored and looked up."""
        return fold(email or "")

    def get_by_natural_key(self, email: str | None) -> "User":
        """Return the user who logs in with `email`."""
        user: User = self.get(email=self.normalize_email(email))
        return user


class EmailColumn(TextColumn, models.EmailField):
    """A column of addresses: one whatever its case."""

    def stored(self, text: str) -> str:
        """Return an address as it is stored."""
        return fold(text)


class UsernameColumn(TextColumn):
    """A column of names. What reads the same is the same (NFKC), as Django has it."""

    def stored(self, text: str) -> str:
        """Return a name as it is stored."""
        return normalize(AbstractUser.normalize_username(text))


class User(AbstractUser):
    """A reader; with `is_staff`, a librarian. Logs in by email."""

    username = UsernameColumn(
        max_length=150,
        unique=True,
        help_text="At most 150 letters, digits, and @ . + - _",
        validators=[AbstractUser.username_validator],
        error_messages={"unique": "A user with this name exists."},
    )
    email = EmailColumn(unique=True)

    objects: ClassVar[ReaderManager] = ReaderManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["username"]

    class Meta:
        ordering = ["id"]
        # For what goes past the models.
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="email_in_lower_case"
            )
        ]

    def set_password(self, raw_password: str | None) -> None:
        """Set the password. However its letters were composed, it is the same (NFC)."""
        super().set_password(raw_password and nfc("NFC", raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether it is the password.

        Its hash may be from before passwords were normalized, of what was typed.
        """
        typed = dict.fromkeys([nfc("NFC", raw_password or ""), raw_password or ""])
        return any(super(User, self).check_password(each) for each in typed)

    def __str__(self) -> str:
        return str(self.email)
