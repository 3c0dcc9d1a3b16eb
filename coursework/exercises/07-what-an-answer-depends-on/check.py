"""Answers are stored, something is written, and they are read again."""

import random

from course.marks import Client, answered, is_hit, own, truth, wrong
from tests import caches
from tests.factories import BookFactory, TagFactory, UserFactory

# Each student is asked for one of these.
QUESTIONS = (
    "/books/{book}",
    "/books?page_size=1&order_by=title",
    "/tags",
    "/books?page_size=1&order_by=-published_at",
    "/tags/{tag}",
    "/books?page_size=1&title=a",
)


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
    check_own_question(library)


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


def check_own_question(library):
    """Ask which writes throw the student's own answer away."""
    tag, other_tag = TagFactory.create_batch(2)
    dates = {"published_at": "2031-01-31"}
    shown = BookFactory(title="A", tags=[tag], **dates)
    other = BookFactory(title="zz", published_at="1980-01-01")
    path = own(QUESTIONS).format(book=shown.pk, tag=tag.pk)
    writes = {
        "tag": ("tags", other_tag.pk, {"name": "Of another book"}),
        "shown": ("books", shown.pk, {"stock": 11}),
        "title": ("books", other.pk, {"title": "zzz"}),
        "day": ("books", other.pk, {"published_at": "1980-01-02"}),
    }
    right = {name for name, write in writes.items() if _is_gone(library, path, *write)}
    given = answered("07")
    if given is None:
        wrong("unanswered", path=path, book=shown.pk, tag=other_tag.pk, other=other.pk)
    if set(map(str, given)) != right:
        wrong("not_yours", f"07 = {given}", path=path)


def _is_gone(library, path, kind, pk, sent):
    truth(library.reader, path)
    method = library.librarian.put if kind == "tags" else library.librarian.patch
    method(f"/{kind}/{pk}", sent)
    return not is_hit(library.reader.get(path))
