"""Cuts lists into pages: `{count, next, previous, results}`."""

from django.core.paginator import InvalidPage, Paginator
from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination

from common.queries import read_query


class Pages(PageNumberPagination):
    """Pages by number, for views that have a `query_serializer_class`.

    Raises ValidationError (400) for a bad parameter, NotFound (404) past the end.
    """

    def paginate_queryset(self, queryset, request, view=None):
        """Return the rows of the page that the request asks for."""
        self.request = request
        self.query = read_query(view.query_serializer_class, request.query_params)
        pages = Paginator(queryset, self.query.page_size)
        try:
            self.page = pages.page(self.query.page)
        except InvalidPage as error:
            raise NotFound(
                f"page {self.query.page} is past the end: "
                f"there are {pages.num_pages} pages."
            ) from error
        return list(self.page)

    def get_next_link(self):
        """Return the next page's address, or None on the last page."""
        return self._link(+1) if self.page.has_next() else None

    def get_previous_link(self):
        """Return the previous page's address, or None on the first page."""
        return self._link(-1) if self.page.has_previous() else None

    def _link(self, step):
        query = self.query.at_page(self.query.page + step).to_query_string()
        path = self.request.path + (f"?{query}" if query else "")
        return self.request.build_absolute_uri(path)

    def get_schema_operation_parameters(self, view):
        """Leave the parameters to the view's query serializer."""
        return []
