"""Writes to the catalogue."""

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404

from books import documents
from books.models import Book, Tag
from common.errors import Conflict
from common.preconditions import Precondition, always

ISBN_TAKEN = "A book with this ISBN was just added."
NAME_TAKEN = "A tag with this name was just added."
TAG_GONE = "One of these tags was just deleted."

T = TypeVar("T", Book, Tag)


@transaction.atomic
def create_book(*, tags: Iterable[Tag] = (), **fields: Any) -> Book:
    """Create and return a book. `fields` are the model's, by name.

    Raises Conflict (409) if the ISBN is taken or a tag was deleted.
    """
    book = _save(Book(**fields), ISBN_TAKEN)
    book.tags.set(_lock_tags(tags))
    return book


@transaction.atomic
def update_book(
    *,
    book_id: int,
    tags: Iterable[Tag] | None = None,
    precondition: Precondition = always,
    **fields: Any,
) -> Book:
    """Change the given fields of a book and return it; `tags=None` keeps its tags.

    Raises Http404 if there is no such book, what `precondition` raises, and Conflict
    (409) if the ISBN is taken or a tag was deleted.
    """
    book = lock_book(book_id)
    precondition(partial(documents.book_document, book_id))
    # A field that is not written invalidates no list that is chosen by it.
    changed = [name for name in fields if getattr(book, name) != fields[name]]
    for name in changed:
        setattr(book, name, fields[name])
    if changed:
        _save(book, ISBN_TAKEN, update_fields=changed)
    if tags is not None:
        book.tags.set(_lock_tags(tags))
    return book


@transaction.atomic
def delete_book(*, book_id: int, precondition: Precondition = always) -> None:
    """Delete a book.

    Raises Http404, what `precondition` raises, and Conflict (409) while copies are on
    loan.
    """
    book = lock_book(book_id)
    precondition(partial(documents.book_document, book_id))
    if book.loans.filter(is_returned=False).exists():
        raise Conflict("Copies of this book are on loan.")
    book.delete()


def create_tag(*, name: str) -> Tag:
    """Create and return a tag. Raises Conflict (409) if its name is taken."""
    return _save(Tag(name=name), NAME_TAKEN)


@transaction.atomic
def rename_tag(*, tag_id: int, name: str, precondition: Precondition = always) -> Tag:
    """Rename a tag and return it.

    Raises Http404, what `precondition` raises, and Conflict (409) as above.
    """
    tag: Tag = get_object_or_404(Tag.objects.select_for_update(), pk=tag_id)
    precondition(partial(documents.tag_document, tag_id))
    tag.name = name
    return _save(tag, NAME_TAKEN)


@transaction.atomic
def delete_tag(*, tag_id: int, precondition: Precondition = always) -> None:
    """Delete a tag and its links to books.

    Raises Http404, and what `precondition` raises.
    """
    tag = get_object_or_404(Tag.objects.select_for_update(), pk=tag_id)
    precondition(partial(documents.tag_document, tag_id))
    tag.delete()


def lock_book(book_id: int) -> Book:
    """Return a book, locked: no other transaction can change it until this one ends.

    Raises Http404. PostgreSQL locks the row. SQLite locks the whole file when the
    transaction begins.
    """
    book: Book = get_object_or_404(Book.objects.select_for_update(), pk=book_id)
    return book


def _lock_tags(tags: Iterable[Tag]) -> list[Tag]:
    # All writers lock in the order of the ids, so that no two wait for each other.
    ids = {tag.pk for tag in tags}
    rows = Tag.objects.select_for_update(no_key=True).order_by("pk")
    there = list(rows.filter(pk__in=ids)) if ids else []
    if len(there) < len(ids):
        raise Conflict(TAG_GONE)
    return there


def _save(instance: T, taken: str, **options: Any) -> T:
    # The serializer has checked this. But another request may have saved since then.
    try:
        with transaction.atomic():
            instance.save(**options)
    except IntegrityError as error:
        raise Conflict(taken) from error
    return instance
