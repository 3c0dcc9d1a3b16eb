"""The catalogue's endpoints."""

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from books import documents, selectors, services
from books.documents import Rows
from books.models import Tag
from books.pages import BookPages
from books.queries import BookQuery, BookQuerySerializer
from books.serializers import BookSerializer, BookWriteSerializer, TagSerializer
from caching.dependencies import Row, Selection, Table
from caching.views import Cached, CachedReads
from common.bodies import read_body
from common.permissions import IsLibrarianOrReadOnly
from common.preconditions import if_match
from common.queries import HasQuery, PageQuerySerializer, canonical
from common.schema import ErrorSerializer

CONFLICT = {409: ErrorSerializer}
CHANGED = {412: ErrorSerializer}
IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag of what you have read: it is changed only if it is still so.",
)

LOCATION = OpenApiParameter(
    "Location",
    location=OpenApiParameter.HEADER,
    response=[201],
    required=True,
    description="Where it is.",
)


class BookList(CachedReads, HasQuery, generics.ListAPIView):
    """The list of books, and a new one."""

    query: BookQuery
    cached = Cached(
        "books:list",
        Selection("books", "book_id"),
        Table("tags"),
        query=canonical(BookQuerySerializer),
    )

    serializer_class = BookSerializer
    query_serializer_class = BookQuerySerializer
    pagination_class = BookPages
    permission_classes = (IsLibrarianOrReadOnly,)

    def get_queryset(self) -> Rows:
        """Return the books that the query parameters ask for."""
        return documents.book_rows(selectors.find_books(self.query))

    def list(self, request: Request) -> Response:
        """List books."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(documents.with_tags(page))

    @extend_schema(
        request=BookWriteSerializer,
        parameters=[LOCATION],
        responses={201: BookSerializer} | CONFLICT,
    )
    def post(self, request: Request) -> Response:
        """Add a book."""
        book = services.create_book(**read_body(BookWriteSerializer, request))
        place = request.build_absolute_uri(reverse("book", args=[book.pk]))
        return Response(
            BookSerializer(book).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": place},
        )


class BookDetail(CachedReads, generics.GenericAPIView):
    """One book."""

    cached = Cached("books:detail", Row("books", "book_id"), Table("tags"))

    serializer_class = BookSerializer
    permission_classes = (IsLibrarianOrReadOnly,)

    def get(self, request: Request, book_id: int) -> Response:
        """Show a book."""
        return Response(documents.book_document(book_id))

    @extend_schema(
        request=BookWriteSerializer,
        parameters=[IF_MATCH],
        responses={200: BookSerializer} | CONFLICT | CHANGED,
    )
    def put(self, request: Request, book_id: int) -> Response:
        """Replace a book."""
        return self._update(request, book_id, partial=False)

    @extend_schema(
        request=BookWriteSerializer,
        parameters=[IF_MATCH],
        responses={200: BookSerializer} | CONFLICT | CHANGED,
    )
    def patch(self, request: Request, book_id: int) -> Response:
        """Change some of a book."""
        return self._update(request, book_id, partial=True)

    @extend_schema(parameters=[IF_MATCH], responses={204: None} | CONFLICT | CHANGED)
    def delete(self, request: Request, book_id: int) -> Response:
        """Remove a book that nobody has on loan."""
        services.delete_book(book_id=book_id, precondition=if_match(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _update(self, request: Request, book_id: int, *, partial: bool) -> Response:
        book = selectors.get_book(book_id)
        changes = read_body(
            BookWriteSerializer, request, instance=book, partial=partial
        )
        book = services.update_book(
            book_id=book_id, precondition=if_match(request), **changes
        )
        return Response(BookSerializer(book).data)


class BookTags(CachedReads, HasQuery, generics.GenericAPIView):
    """The tags of one book."""

    cached = Cached(
        "books:tags",
        Row("books", "book_id"),
        Table("tags"),
        query=canonical(PageQuerySerializer),
    )

    serializer_class = TagSerializer
    query_serializer_class = PageQuerySerializer

    @extend_schema(operation_id="books_tags_list", responses=TagSerializer(many=True))
    def get(self, request: Request, book_id: int) -> Response:
        """List the tags of a book."""
        tags = selectors.get_book(book_id).tags.order_by("id")
        page = self.paginate_queryset(documents.tag_rows(tags))
        return self.get_paginated_response(page)


class TagList(CachedReads, HasQuery, generics.ListAPIView):
    """The list of tags, and a new one."""

    cached = Cached("tags:list", Table("tags"), query=canonical(PageQuerySerializer))

    queryset = Tag.objects.order_by("id")
    serializer_class = TagSerializer
    query_serializer_class = PageQuerySerializer
    permission_classes = (IsLibrarianOrReadOnly,)

    def list(self, request: Request) -> Response:
        """List tags."""
        page = self.paginate_queryset(documents.tag_rows(self.get_queryset()))
        return self.get_paginated_response(page)

    @extend_schema(
        request=TagSerializer,
        parameters=[LOCATION],
        responses={201: TagSerializer} | CONFLICT,
    )
    def post(self, request: Request) -> Response:
        """Add a tag."""
        tag = services.create_tag(**read_body(TagSerializer, request))
        place = request.build_absolute_uri(reverse("tag", args=[tag.pk]))
        return Response(
            TagSerializer(tag).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": place},
        )


class TagDetail(CachedReads, generics.GenericAPIView):
    """One tag."""

    cached = Cached("tags:detail", Row("tags", "tag_id"))

    serializer_class = TagSerializer
    permission_classes = (IsLibrarianOrReadOnly,)

    def get(self, request: Request, tag_id: int) -> Response:
        """Show a tag."""
        return Response(documents.tag_document(tag_id))

    @extend_schema(
        request=TagSerializer,
        parameters=[IF_MATCH],
        responses={200: TagSerializer} | CONFLICT | CHANGED,
    )
    def put(self, request: Request, tag_id: int) -> Response:
        """Rename a tag."""
        tag = selectors.get_tag(tag_id)
        body = read_body(TagSerializer, request, instance=tag)
        tag = services.rename_tag(tag_id=tag_id, precondition=if_match(request), **body)
        return Response(TagSerializer(tag).data)

    @extend_schema(parameters=[IF_MATCH], responses={204: None} | CHANGED)
    def delete(self, request: Request, tag_id: int) -> Response:
        """Remove a tag, from its books too."""
        services.delete_tag(tag_id=tag_id, precondition=if_match(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
