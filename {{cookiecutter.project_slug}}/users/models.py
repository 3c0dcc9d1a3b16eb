"""Readers and librarians, and their sessions."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from unicodedata import normalize as nfc
from uuid import uuid4

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

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
    # Changes when the reader logs out everywhere. The release before this column may
    # add users meanwhile: the database gives them "".
    token_salt = models.CharField(
        max_length=32, default="", db_default="", editable=False
    )

    objects: ClassVar[ReaderManager] = ReaderManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["username"]

    class Meta:
        ordering = ["id"]
        # For writes that bypass the models.
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

    def get_session_auth_hash(self) -> str:
        """Return the fingerprint: it changes with the password and with `token_salt`.

        It is in every token and in the admin site's sessions. As soon as it changes,
        those from before are dead.
        """
        secret = f"{self.password}:{self.token_salt}"
        return salted_hmac("users.fingerprint", secret, algorithm="sha256").hexdigest()

    def end_all_sessions(self) -> None:
        """Change the fingerprint."""
        self.token_salt = get_random_string(32)
        self.save(update_fields=["token_salt"])

    def __str__(self) -> str:
        return str(self.email)


class TokenFamily(models.Model):
    """The refresh tokens that came from one login. Only the last of them is alive."""

    LIFETIME = timedelta(days=30)

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="token_families")
    # SHA-256 of the living token's id, in hexadecimal.
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField("logged in at", default=timezone.now)
    # When the living token expires.
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "token families"

    @property
    def ends_at(self) -> datetime:
        """When the family ends, however often it is refreshed."""
        return self.created_at + self.LIFETIME

    def __str__(self) -> str:
        return f"{self.user}, logged in at {self.created_at:%Y-%m-%d %H:%M} UTC"
