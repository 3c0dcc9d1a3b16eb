"""The catalogue."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower

from books.isbn import validate_isbn13
from caching.watching import WatchedQuerySet
from common.text import FoldedColumn, TextColumn, fold

MAX_STOCK = 1_000_000
NAME_TAKEN = "A tag with this name exists."


class Tag(models.Model):
    """A subject; its name is unique whatever its case."""

    name = TextColumn(max_length=50)
    # Folded, a letter becomes three at most.
    name_key = FoldedColumn(max_length=150, of="name")

    objects = WatchedQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            # Holds for tags without a key, too; but SQLite's lower() knows ASCII only.
            models.UniqueConstraint(
                Lower("name"),
                name="tag_name_unique_ignoring_case",
                violation_error_message=NAME_TAKEN,
            )
        ]

    def __str__(self) -> str:
        return str(self.name)

    def save(
        self, *, update_fields: Iterable[str] | None = None, **options: Any
    ) -> None:
        """Save the tag; the key goes with the name."""
        if update_fields and "name" in update_fields:
            update_fields = {*update_fields, "name_key"}
        super().save(update_fields=update_fields, **options)

    def clean(self) -> None:
        """Raise ValidationError, in a form, if there is another tag of this name."""
        others = Tag.objects.exclude(pk=self.pk).filter(name_key=fold(self.name))
        if others.exists():
            raise ValidationError({"name": NAME_TAKEN})


class Book(models.Model):
    """A title and how many of its copies are on the shelf."""

    isbn = models.CharField(max_length=13, unique=True, validators=[validate_isbn13])
    title = TextColumn(max_length=255)
    author = TextColumn(max_length=255)
    publisher = TextColumn(max_length=255, blank=True)
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
