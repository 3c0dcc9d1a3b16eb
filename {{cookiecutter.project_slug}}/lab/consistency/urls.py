"""The API, and a list of books of which each reader has entries of their own."""

from django.urls import include, path

from books.queries import BookQuerySerializer
from books.views import BookList
from caching.dependencies import Selection, Table
from caching.views import Cached
from common.queries import canonical


class OwnBooks(BookList):
    """The list of books; no reader gets another's entry."""

    cached = Cached(
        "own:books",
        Selection("books", "book_id"),
        Table("tags"),
        query=canonical(BookQuerySerializer),
        per_reader=True,
    )


urlpatterns = [
    path("api/v1/own/books", OwnBooks.as_view()),
    path("", include("config.urls")),
]
