"""A page of books as it is usually computed: instances, a serializer, a count.

All strategies but this project's use it, so that they differ in their caching alone.
This project's computes a page as the API does.
"""

from books.queries import BookQuerySerializer
from books.selectors import find_books
from books.serializers import BookSerializer
from common.queries import read_query


def find_prefetched(query):
    """Return the books of a BookQuery; their tags come with one more query."""
    return find_books(query).prefetch_related("tags")


def find_one_by_one(query):
    """Return the books of a BookQuery; each makes a query for its tags."""
    return find_books(query).prefetch_related(None)


def page(request, find):
    """Return `{count, next, previous, results}` for the request's query."""
    query = _query(request)
    books = find(query)
    count, end = books.count(), query.page * query.page_size
    shown = books[end - query.page_size : end]
    return {
        "count": count,
        "next": _link(request, query, +1) if end < count else None,
        "previous": _link(request, query, -1) if query.page > 1 else None,
        "results": BookSerializer(shown, many=True).data,
    }


def canonical_query(request):
    """Return the query string that all requests for the same page share."""
    return _query(request).to_query_string()


def _query(request):
    return read_query(BookQuerySerializer, request.query_params)


def _link(request, query, step):
    text = query.at_page(query.page + step).to_query_string()
    return request.build_absolute_uri(request.path + (f"?{text}" if text else ""))
