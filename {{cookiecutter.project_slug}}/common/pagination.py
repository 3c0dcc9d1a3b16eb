"""Pages of lists: `{count, next, previous, results}`."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.queries import PageQuery


class Pages(PageNumberPagination):
    """Pages by number, for views that have a `query` (see `HasQuery`).

    Raises ValidationError (400) for a bad parameter, NotFound (404) for a page past the
    end.
    """

    query: Any
    count: int
    next: PageQuery | None
    previous: PageQuery | None

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        """Return the rows of the page that the request asks for."""
        self.request, self.query = request, view.query
        return self.cut(queryset)

    def cut(self, rows: QuerySet[Any]) -> list[Any]:
        """Return the page's rows; set `count`, and `next` and `previous` (queries)."""
        page, size = self.query.page, self.query.page_size
        start = (page - 1) * size
        if start:
            self.count = self.count_rows(rows)
            self._refuse_past_the_end(start)
        # One row more than the page shows: if it is there, another page follows.
        found = list(rows[start : start + size + 1])
        follows = len(found) > size
        if not start:
            # If the first page is the only one, its rows are all there are.
            self.count = self.count_rows(rows) if follows else len(found)
        self.next = self.query.at_page(page + 1) if follows else None
        self.previous = self.query.at_page(page - 1) if start else None
        return found[:size]

    def count_rows(self, rows: QuerySet[Any]) -> int:
        """Return how many rows there are on all pages."""
        return rows.count()

    def get_paginated_response(self, data: Iterable[Any]) -> Response:
        """Return the response: these results, the count and the links."""
        return Response(
            {
                "count": self.count,
                "next": self._link(self.next),
                "previous": self._link(self.previous),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of a page. There is no next one after the last."""
        link = {"type": ["string", "null"], "format": "uri"}
        properties = {"count": {"type": "integer"}, "next": link, "previous": link}
        return {
            "type": "object",
            "required": [*properties, "results"],
            "properties": properties | {"results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Return none: the view's query serializer documents them (see Schema)."""
        return []

    def _refuse_past_the_end(self, start: int) -> None:
        if start < self.count:
            return
        pages = max(1, -(-self.count // self.query.page_size))
        raise NotFound(
            f"page {self.query.page} is past the end: there are {pages} pages."
        )

    def _link(self, query: PageQuery | None) -> str | None:
        if query is None or self.request is None:
            return None
        text = query.to_query_string()
        path = self.request.path + (f"?{text}" if text else "")
        return self.request.build_absolute_uri(path)
