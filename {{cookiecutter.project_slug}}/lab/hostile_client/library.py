"""What is read: books, tags and loans that never change."""

import random

from books.isbn import check_digit
from lab.harness.clients import Connection
from lab.hostile_client.message import Target

TITLES = ("A bridge", "다리 위에서", "The Bridge, again", "Nothing", "Ünder", "Zebra")


class Library:
    """The tags and books that were added, and the targets that a client may ask for."""

    def __init__(self, librarian: Connection, readers: list[Connection]) -> None:
        new = random.randrange(10**6 - len(TITLES))
        self.names = [f"hostile {new} {n}" for n in range(3)]
        tags = [_add(librarian, "/tags", {"name": each}) for each in self.names]
        self.tags = [tag["tag_id"] for tag in tags]
        self.books = [
            _add(librarian, "/books", _book(new + n, title, self.tags[: 1 + n % 3]))
            for n, title in enumerate(TITLES)
        ]
        for reader, book in zip(readers, self.books):
            _add(reader, "/loans", {"book_id": book["book_id"]})

    def renew(self, librarian: Connection) -> None:
        """Write what changes nothing, so that no entry of these targets is valid."""
        path, name = f"/tags/{self.tags[0]}", {"name": self.names[0]}
        answer = librarian.send("PUT", path, name)
        if answer.status != 200:
            raise RuntimeError(f"PUT {path} answered {answer.status}: {answer.body!r}")

    def targets(self) -> list[Target]:
        """Return what is asked for, before it is mutated."""
        first, second = (b"tag=%d" % tag for tag in self.tags[:2])
        book, tag = self.books[0]["book_id"], self.tags[0]
        return [
            Target(b"/books"),
            Target(b"/books", (b"title=bridge",)),
            Target(b"/books", (b"title=%EB%8B%A4%EB%A6%AC",)),
            Target(b"/books", (b"order_by=title", b"page_size=2")),
            Target(b"/books", (b"order_by=-published_at", b"page_size=3", b"page=2")),
            Target(b"/books", (first, second, b"tag_option=or")),
            Target(b"/books", (b"page=0",)),
            Target(b"/books/%d" % book),
            Target(b"/books/999999999"),
            Target(b"/books/%d/tags" % book),
            Target(b"/tags"),
            Target(b"/tags", (b"page_size=1", b"page=2")),
            Target(b"/tags/%d" % tag),
            Target(b"/loans"),
        ]


def _add(connection, path, body):
    answer = connection.send("POST", path, body)
    if answer.status != 201:
        raise RuntimeError(f"POST {path} answered {answer.status}: {answer.body!r}")
    return answer.document


def _book(number, title, tags):
    digits = f"979119{number:06d}"
    return {
        "isbn": digits + check_digit(digits),
        "title": title,
        "author": "Ada Author",
        "stock": 9,
        "published_at": f"2020-01-{1 + number % 28:02d}",
        "tags": tags,
    }
