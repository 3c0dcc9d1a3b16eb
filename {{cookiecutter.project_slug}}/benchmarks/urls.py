"""The API's URLs, and below /floor/ the bare views to hold them against."""

from django.urls import path

from benchmarks.floor import bare
from books.views import BookList
from config.urls import handler404, handler500, urlpatterns  # noqa: F401

urlpatterns = [*urlpatterns, path("floor/books", bare(BookList.as_view()))]
