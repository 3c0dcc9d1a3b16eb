"""Readers and librarians."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models

from caching.watching import WatchedQuerySet

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
        address: str = super().normalize_email(email)
        return address.strip().lower()

    def get_by_natural_key(self, email: str | None) -> "User":
        """Return the user who logs in with `email`."""
        user: User = self.get(email=self.normalize_email(email))
        return user


class User(AbstractUser):
    """A reader; with `is_staff`, a librarian. Logs in by email."""

    email = models.EmailField(unique=True)

    objects: ClassVar[ReaderManager] = ReaderManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["username"]

    class Meta:
        ordering = ["id"]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the user, with the address in its stored form."""
        self.email = type(self).objects.normalize_email(self.email)
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.email
