"""The JSON of books and tags, straight from the database's rows.

A serializer makes an object of each row and asks each of its fields for a value.
That is most of what a page of 500 books costs, so what is only read goes without.
`BookSerializer` makes the same document of a book that was just written.
"""

from collections import defaultdict
from typing import Any

from django.db.models import F, QuerySet

# Importing it registers `among`.
from books import lookups  # noqa: F401
from books.models import Book, Tag

# What a document holds, by the names of its fields.
Document = dict[str, Any]
# A queryset that yields documents.
Rows = QuerySet[Any, Document]

BOOK_FIELDS = (
    "book_id",
    "isbn",
    "title",
    "author",
    "publisher",
    "stock",
    "published_at",
)
TAG_FIELDS = ("tag_id", "name")


def book_rows(books: QuerySet[Book]) -> Rows:
    """Return a queryset of books as one of documents that lack their tags."""
    rows: Rows = books.annotate(book_id=F("pk")).values(*BOOK_FIELDS)
    return rows


def with_tags(rows: list[Document] | None) -> list[Document]:
    """Return the documents of these rows, with one query for all their tags."""
    if not rows:
        return []
    tags = _tags_by_book([row["book_id"] for row in rows])
    for row in rows:
        row["tags"] = tags[row["book_id"]]
    return rows


def tag_rows(tags: QuerySet[Tag]) -> Rows:
    """Return a queryset of tags as one of documents."""
    rows: Rows = tags.annotate(tag_id=F("pk")).values(*TAG_FIELDS)
    return rows


def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    links = Book.tags.through.objects.filter(book__among=book_ids).order_by("tag_id")
    tags: dict[int, list[Document]] = defaultdict(list)
    for book_id, tag_id, name in links.values_list("book_id", "tag_id", "tag__name"):
        tags[book_id].append({"tag_id": tag_id, "name": name})
    return tags
