"""Tells the cache which models to watch."""

from django.apps import AppConfig

from caching.watching import watch


class BooksConfig(AppConfig):
    """The app `books`."""

    name = "books"

    def ready(self) -> None:
        """Let every write to these models invalidate the answers that show them."""
        from books.models import Book, Tag

        watch(Book, "books", many_to_many=["tags"])
        watch(Tag, "tags")
