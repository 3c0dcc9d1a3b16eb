"""The data of the test: books and tags, each with a version that only grows.

A title or a tag's name ends in its version. The version of a borrowed book is the
number of copies on loan, so that loans are tested, too.
"""

import random
import re
from typing import NamedTuple

from books.isbn import check_digit

# The most copies that the API accepts.
MAX_STOCK = 1_000_000
TITLES, BORROWED, TAGS = 8, 3, 3
VERSION = re.compile(r"v(\d+)$")


class Subject(NamedTuple):
    """A book's title, a book's stock or a tag's name."""

    kind: str
    id: int

    @property
    def table(self):
        """The table that its write intents name."""
        return "tags" if self.kind == "name" else "books"


def build(librarian):
    """Add the books and tags through the API; return their Subjects."""
    # Books of an earlier run are not used again: their versions have grown.
    new = random.randrange(10**6 - TITLES - BORROWED)
    tags = [_add(librarian, "/tags", _name(f"{new}-{n}", 0)) for n in range(TAGS)]
    tag_ids = [tag["tag_id"] for tag in tags]
    subjects = [Subject("name", tag_id) for tag_id in tag_ids]
    for number in range(TITLES + BORROWED):
        kind = "title" if number < TITLES else "stock"
        title = _title(number, 0) if kind == "title" else f"Borrowed {number}"
        book = _book(new + number, title) | {"tags": [tag_ids[number % TAGS]]}
        subjects.append(Subject(kind, _add(librarian, "/books", book)["book_id"]))
    return subjects


def paths(subjects):
    """Return the paths to read: several lists, and the page of each subject."""
    tags = [subject.id for subject in subjects if subject.kind == "name"]
    books = [subject.id for subject in subjects if subject.kind != "name"]
    lists = ["/books", "/books?title=VERSIONED&order_by=title&page_size=5", "/tags"]
    lists += ["/books?page_size=3", "/books?page_size=2&page=3"]
    lists += ["/own/books", "/own/books?title=versioned&order_by=-title"]
    lists += ["/books?title=versioned", f"/books?tag={tags[0]}&order_by=-title"]
    lists += [f"/books?tag={tags[0]}&tag={tags[1]}&tag_option=or"]
    details = [f"/books/{book_id}" for book_id in books]
    details += [f"/books/{book_id}/tags" for book_id in books[:2]]
    return lists, details + [f"/tags/{tag_id}" for tag_id in tags]


def write(librarian, subject, version):
    """Write this version of the subject; return the Answer."""
    if subject.kind == "title":
        title = {"title": _title(subject.id, version)}
        return librarian.send("PATCH", f"/books/{subject.id}", title)
    if subject.kind == "name":
        return librarian.send("PUT", f"/tags/{subject.id}", _name(subject.id, version))
    return librarian.send("POST", "/loans", {"book_id": subject.id})


def count_loans(librarian, subject):
    """Return a borrowed book's version from the loans, which are not cached."""
    answer = librarian.get(f"/loans/books/{subject.id}?page_size=1")
    return answer.document["count"]


def versions_in(document):
    """Return {Subject: version} of everything that an answer shows."""
    versions = {}
    for row in document.get("results", (document,)):
        for tag in row.get("tags", (row,) if "tag_id" in row else ()):
            versions[Subject("name", tag["tag_id"])] = _version(tag["name"])
        if "title" in row:
            versions[Subject("title", row["book_id"])] = _version(row["title"])
            versions[Subject("stock", row["book_id"])] = MAX_STOCK - row["stock"]
    return versions


def _add(librarian, path, body):
    answer = librarian.send("POST", path, body)
    if answer.status != 201:
        raise RuntimeError(f"POST {path} answered {answer.status}: {answer.body!r}")
    return answer.document


def _book(number, title):
    digits = f"979119{number:06d}"
    return {
        "isbn": digits + check_digit(digits),
        "title": title,
        "author": "Ada Author",
        "stock": MAX_STOCK,
        "published_at": "2020-01-31",
    }


def _title(number, version):
    return f"Versioned {number} v{version}"


def _name(number, version):
    return {"name": f"tag {number} v{version}"}


def _version(text):
    found = VERSION.search(text)
    return int(found[1]) if found else 0
