"""What is read from the catalogue."""

from django.db.models import Q
from django.shortcuts import get_object_or_404

from books.models import Book, Tag


def find_books(query):
    """Return the books that match a BookQuery, in total order."""
    books = Book.objects.all()
    if query.title:
        books = books.filter(title__icontains=query.title)
    if query.author:
        books = books.filter(author__icontains=query.author)
    if query.tag:
        books = books.filter(_has_tags(query))
    # The id breaks ties, so that pages never overlap.
    return books.order_by(query.order_by, "-id") if query.order_by else books


def _has_tags(query):
    # Subqueries and not joins: a join would list a book once for each of its tags.
    links = Book.tags.through.objects
    if query.tag_option == "or":
        return Q(pk__in=links.filter(tag_id__in=query.tag).values("book_id"))
    condition = Q()
    for tag_id in query.tag:
        condition &= Q(pk__in=links.filter(tag_id=tag_id).values("book_id"))
    return condition


def get_book(book_id):
    """Return a book; raise Http404 if there is none."""
    return get_object_or_404(Book, pk=book_id)


def get_tag(tag_id):
    """Return a tag; raise Http404 if there is none."""
    return get_object_or_404(Tag, pk=tag_id)
