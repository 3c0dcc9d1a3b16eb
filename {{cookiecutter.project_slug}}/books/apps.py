"""Tells the cache layer what to watch."""

from django.apps import AppConfig

from caching.watching import watch


class BooksConfig(AppConfig):
    """The app."""

    name = "books"

    def ready(self) -> None:
        """Register the lookup; let every write invalidate the answers that show it."""
        from books import lookups  # noqa: F401
        from books.models import Book, Tag

        watch(Book, "books", many_to_many=["tags"])
        watch(Tag, "tags")
