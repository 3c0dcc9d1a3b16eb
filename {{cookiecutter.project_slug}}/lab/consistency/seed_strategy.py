"""The usual strategy, for comparison: cache-aside, and deletion after the write.

The list's data is stored, pickled, under the query parameters; after a book was
changed, all keys that match a pattern are deleted. What goes wrong:

- A reader that computed before a write may store its answer after the deletion.
- Between the commit and the deletion the old answer is served; for good, if the process
  dies there or Redis is away.
- Loans and tags change what a list shows, and delete nothing.
"""

from django.core.cache import cache
from django.urls import include, path
from rest_framework.response import Response

from books import views
from caching.views import CachedReads
from lab.consistency import fault_points

PATTERN, TTL = "books:*", 180


class Uncached:
    """Removes the cache layer from a view."""

    @classmethod
    def as_view(cls, **options):
        """Return the view as if CachedReads were not there."""
        return super(CachedReads, cls).as_view(**options)


class BookList(Uncached, views.BookList):
    """The list of books, cached in the usual way."""

    def get(self, request):
        """Return what is stored under the query, or compute and store it."""
        key = f"books:{sorted(request.query_params.lists())}"
        data = cache.get(key)
        if data is not None:
            return Response(data, headers={"X-Cache": "HIT"})
        data = super().get(request).data
        fault_points.point("before-keep")
        cache.set(key, data, TTL)
        return Response(data, headers={"X-Cache": "MISS"})

    def post(self, request):
        """Add a book, then delete every list."""
        response = super().post(request)
        cache.delete_pattern(PATTERN)
        return response


class BookDetail(Uncached, views.BookDetail):
    """One book, not cached."""

    def delete(self, request, book_id):
        """Remove the book, then delete every list."""
        response = super().delete(request, book_id)
        cache.delete_pattern(PATTERN)
        return response

    def _update(self, *arguments, **options):
        response = super()._update(*arguments, **options)
        cache.delete_pattern(PATTERN)
        return response


api = [
    path("books", BookList.as_view()),
    path("books/<int:book_id>", BookDetail.as_view()),
]

urlpatterns = [path("api/v1/", include(api)), path("", include("lab.consistency.urls"))]
