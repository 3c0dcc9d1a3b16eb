"""Readers and librarians."""

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models

from caching.watching import WatchedQuerySet


class ReaderManager(UserManager.from_queryset(WatchedQuerySet)):
    """Makes users; an email address is one whatever its case."""

    @classmethod
    def normalize_email(cls, email):
        """Return the address as it is stored and looked up."""
        return super().normalize_email(email).strip().lower()

    def get_by_natural_key(self, email):
        """Return the user who logs in with `email`."""
        return self.get(email=self.normalize_email(email))


class User(AbstractUser):
    """A reader; with `is_staff`, a librarian. Logs in by email."""

    email = models.EmailField(unique=True)

    objects = ReaderManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["username"]

    class Meta:
        ordering = ["id"]

    def save(self, *args, **kwargs):
        """Store the address in its one form."""
        self.email = type(self).objects.normalize_email(self.email)
        super().save(*args, **kwargs)

    def __str__(self):
        return self.email
