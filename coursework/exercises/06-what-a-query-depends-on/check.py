"""Books are moved into lists that were stored without them."""

import random

from course.marks import Client, answered, is_hit, own, truth, wrong
from tests.factories import BookFactory, TagFactory, UserFactory

AUTHORS = ("mina", "yuna", "ada", "grace", "linus", "barbara", "donald")
# Each student is asked for one of these lists.
QUESTIONS = (
    "title=river",
    "author=ada&order_by=title",
    "tag={tag}&order_by=-published_at",
    "author=ada",
    "title=river&order_by=-published_at",
    "tag={tag}",
    "author=ada&order_by=-published_at",
    "tag={tag}&order_by=title",
)


def check(seed):
    """Store each list, change a book that it does not show, and read it again."""
    data = random.Random(seed)
    author = data.choice(AUTHORS)
    tag = TagFactory()
    for number in range(5):
        BookFactory(title=f"m{number}", author=author, published_at="2020-01-31")
    book = BookFactory(title="zz", author="Nobody", published_at="1990-01-01")
    reader, librarian = Client(UserFactory()), Client(UserFactory(is_staff=True))
    moves = {
        f"author={author}": {"author": author.title()},
        "title=m": {"title": "zzm"},
        f"tag={tag.pk}": {"tags": [tag.pk]},
        "order_by=title&page_size=2": {"title": "a"},
        "order_by=-title&page_size=2": {"title": "zz"},
        "order_by=published_at&page_size=2&page=2": {"published_at": "2030-01-01"},
    }
    for query, change in moves.items():
        check_move(reader, librarian, book, query, change)
    check_stock(reader, librarian, book)
    check_own_question(reader, librarian)


def check_move(reader, librarian, book, query, change):
    """Store a list, change a book so that it comes or goes, read the list again."""
    path, before = f"/books?{query}", {"author": "Nobody", "title": "zz", "tags": []}
    before["published_at"] = "1990-01-01"
    if "-title" in query:
        before["title"] = "aa"
    librarian.patch(f"/books/{book.pk}", before)
    reader.get(path)
    librarian.patch(f"/books/{book.pk}", change)
    answer = reader.get(path)
    right = truth(reader, path)
    if answer.content != right.content:
        evidence = [
            f"GET   {path}",
            f"PATCH /books/{book.pk} {change}",
            f"GET   {path} -> {answer.headers.get('X-Cache')}: {_said(answer)}",
            f"right would be: {_said(right)}",
        ]
        wrong("stale", evidence, path=path, field=next(iter(change)))


def check_stock(reader, librarian, book):
    """Change the stock of a book that a list neither shows nor was chosen by."""
    path = "/books?title=m&order_by=title&page_size=2"
    truth(reader, path)
    librarian.patch(f"/books/{book.pk}", {"stock": 7})
    answer = reader.get(path)
    if not is_hit(answer):
        evidence = f"GET {path} -> X-Cache: {answer.headers.get('X-Cache')}"
        wrong("too_much", evidence, path=path)


def check_own_question(reader, librarian):
    """Ask which fields of another book throw the student's own list away."""
    tag, other_tag = TagFactory.create_batch(2)
    for _ in range(3):
        BookFactory(title="River", author="Ada", published_at="2031-01-31", tags=[tag])
    book = BookFactory(title="zz", author="Nobody", published_at="1980-01-01")
    path = f"/books?page_size=2&{own(QUESTIONS).format(tag=tag.pk)}"
    changes = {"title": "zzz", "author": "No one", "tags": [other_tag.pk]}
    changes |= {"published_at": "1980-01-02", "stock": 7}
    right = set()
    for field, value in changes.items():
        truth(reader, path)
        librarian.patch(f"/books/{book.pk}", {field: value})
        if not is_hit(reader.get(path)):
            right.add(field)
    given = answered("06")
    if given is None:
        wrong("unanswered", path=path, fields=", ".join(changes))
    if set(map(str, given)) != right:
        wrong("not_yours", f"06 = {given}", path=path)


def _said(answer):
    found = answer.json()
    return f"count {found['count']}, {[each['title'] for each in found['results']]}"
