"""The catalogue."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower

from books.isbn import validate_isbn13
from caching.watching import WatchedQuerySet

MAX_STOCK = 1_000_000


class Tag(models.Model):
    """A subject; its name is unique whatever its case."""

    name = models.CharField(max_length=50)

    objects = WatchedQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="tag_name_unique_ignoring_case",
                violation_error_message="A tag with this name exists.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    """A title and how many of its copies are on the shelf."""

    isbn = models.CharField(max_length=13, unique=True, validators=[validate_isbn13])
    title = models.CharField(max_length=255)
    author = models.CharField(max_length=255)
    publisher = models.CharField(max_length=255, blank=True)
    stock = models.PositiveIntegerField(validators=[MaxValueValidator(MAX_STOCK)])
    published_at = models.DateField()
    tags = models.ManyToManyField(Tag, related_name="books", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WatchedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stock__gte=0), name="stock_not_negative"
            )
        ]
        # Each index serves its order in both directions. Read backwards, only books
        # with equal values have to be sorted. Migrations add some for PostgreSQL alone.
        indexes = [
            models.Index(fields=["title", "-id"], name="book_by_title"),
            models.Index(fields=["published_at", "-id"], name="book_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.isbn})"
