"""The JSON of books and tags, built from the database's rows without a serializer.

A serializer makes an object from each row, and calls each of its fields. For a page of
500 books that takes most of the time, so reads do without. For a book that was just
written, `BookSerializer` builds the same document.
"""

from collections import defaultdict
from typing import Any

from django.db.models import F, QuerySet
from django.shortcuts import get_object_or_404

from books.among import fetch_among
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
    """Return the documents of these books, still without their tags."""
    rows: Rows = books.annotate(book_id=F("pk")).values(*BOOK_FIELDS)
    return rows


def with_tags(rows: list[Document] | None) -> list[Document]:
    """Add the tags to the documents of books, with one query; return the documents."""
    if not rows:
        return []
    tags = _tags_by_book([row["book_id"] for row in rows])
    for row in rows:
        row["tags"] = tags[row["book_id"]]
    return rows


def book_document(book_id: int) -> Document:
    """Return the document of one book. Raises Http404."""
    row = get_object_or_404(book_rows(Book.objects.all()), pk=book_id)
    [document] = with_tags([row])
    return document


def tag_document(tag_id: int) -> Document:
    """Return the document of one tag. Raises Http404."""
    document: Document = get_object_or_404(tag_rows(Tag.objects.all()), pk=tag_id)
    return document


def tag_rows(tags: QuerySet[Tag]) -> Rows:
    """Return the documents of these tags."""
    rows: Rows = tags.annotate(tag_id=F("pk")).values(*TAG_FIELDS)
    return rows


def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    statement = """
        SELECT link.book_id, link.tag_id, tag.name
        FROM books_book_tags AS link
        JOIN books_tag AS tag ON tag.id = link.tag_id
        WHERE link.book_id {among}
        ORDER BY link.tag_id
    """
    documents: dict[int, Document] = {}
    tags: dict[int, list[Document]] = defaultdict(list)
    for book_id, tag_id, name in fetch_among(statement, book_ids):
        document = documents.get(tag_id)
        if document is None:
            document = documents[tag_id] = {"tag_id": tag_id, "name": name}
        tags[book_id].append(document)
    return tags
