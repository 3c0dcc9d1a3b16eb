"""Answers are stored, something is written, and they are read again."""

import random

from course.marks import Client, is_hit, truth, wrong
from tests import caches
from tests.factories import BookFactory, TagFactory, UserFactory


class Library:
    """Two books with a tag each, one of them with many; a reader and a librarian."""

    def __init__(self, size):
        self.tags = TagFactory.create_batch(size + 1)
        self.book = BookFactory(tags=self.tags)
        self.other = BookFactory(tags=self.tags[:1])
        self.reader = Client(UserFactory())
        self.librarian = Client(UserFactory(is_staff=True))
        self.reads = [
            "/books?page_size=50",
            f"/books/{self.book.pk}",
            f"/books/{self.book.pk}/tags?page_size={size}",
            f"/books/{self.book.pk}/tags?page=2&page_size={size}",
        ]


def check(seed):
    """Read and write in a small library."""
    size = 2 + random.Random(seed).randrange(5)
    library = Library(size)
    check_pages(library)
    book, tag = f"/books/{library.book.pk}", f"/tags/{library.tags[0].pk}"
    check_write(library, "put", tag, {"name": "Renamed"})
    check_write(library, "patch", book, {"title": "Another title"})
    check_write(library, "patch", book, {"tags": [library.tags[1].pk]})
    check_write(library, "delete", f"/tags/{library.tags[1].pk}", None)
    check_stays(library)


def check_pages(library):
    """Read two pages of a book's tags: each shows its own."""
    caches.empty()
    size = len(library.tags) - 1
    pages = [library.tags[:size], library.tags[size:]]
    for path, tags in zip(library.reads[-2:], pages):
        answer = library.reader.get(path)
        shown = [each["tag_id"] for each in answer.json()["results"]]
        wanted = [tag.pk for tag in tags]
        if shown != wanted:
            wrong("page", f"GET {path} -> tags {shown}, not {wanted}", path=path)


def check_write(library, method, path, sent):
    """Store all answers, write, and compare them with the truth."""
    caches.empty()
    for read in library.reads:
        library.reader.get(read)
    written = getattr(library.librarian, method)(path, sent)
    answers = {read: library.reader.get(read) for read in library.reads}
    for read, answer in answers.items():
        right = truth(library.reader, read)
        if (answer.status_code, answer.content) != (right.status_code, right.content):
            evidence = [
                f"GET {read}",
                f"{method.upper()} {path} {sent} -> {written.status_code}",
                f"GET {read} -> {answer.headers.get('X-Cache')}",
                f"    {answer.content[:300].decode()}",
                f"right would be: {right.content[:300].decode()}",
            ]
            key = "stale_tag" if path.startswith("/tags") else "stale_book"
            wrong(key, evidence, read=read)


def check_stays(library):
    """Write what an answer does not show; it must still be there."""
    other = BookFactory()
    path = f"/books/{other.pk}"
    reads = ["/books?page_size=1&order_by=title", *library.reads[1:3]]
    for stock, read in enumerate(reads, 10):
        caches.empty()
        library.reader.get(read)
        library.librarian.patch(path, {"stock": stock})
        if not is_hit(library.reader.get(read)):
            evidence = [f"GET {read}", f"PATCH {path} {{'stock': {stock}}}"]
            wrong("too_much", [*evidence, f"GET {read} -> MISS"], read=read)
