"""Pages of different sizes are given their tags, and the queries are counted."""

import random

from course.marks import counted_queries, wrong
from tests.factories import BookFactory, TagFactory


def check(seed):
    """Give a short and a long page its tags."""
    from books.documents import with_tags

    data = random.Random(seed)
    if with_tags([]) != [] or with_tags(None) != []:
        wrong("empty", f"with_tags([]) is {with_tags([])!r}")
    tags = TagFactory.create_batch(3 + data.randrange(4))
    books = BookFactory.create_batch(20 + data.randrange(9))
    # The first has none; the order of linking is not that of the ids.
    for book in books[1:]:
        book.tags.set(data.sample(tags, 1 + data.randrange(3)))
    for size in (len(books), 2):
        check_page(with_tags, books[:size])


def check_page(with_tags, books):
    """Compare the tags of a page's books, and count the queries."""
    rows = [{"book_id": book.pk, "title": book.title} for book in books]
    with counted_queries() as queries:
        documents = with_tags(rows)
    asked = [f"{len(books)} books: {len(queries)} queries", *queries[:4]]
    if len(queries) > 1:
        wrong("queries", asked, n=len(queries), books=len(books))
    for book, document in zip(books, documents, strict=True):
        wanted = [
            {"tag_id": tag.pk, "name": tag.name} for tag in book.tags.order_by("pk")
        ]
        found = document.get("tags")
        evidence = [f"book {book.pk}: {found}", f"wanted: {wanted}"]
        if found is None or sorted(map(str, found)) != sorted(map(str, wanted)):
            wrong("tags", evidence, book=book.pk)
        if found != wanted:
            wrong("order", evidence, book=book.pk)
