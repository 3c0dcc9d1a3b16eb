"""Books are moved into lists that were stored without them."""

import random

from course.marks import Client, is_hit, truth, wrong
from tests.factories import BookFactory, TagFactory, UserFactory

AUTHORS = ("mina", "yuna", "ada", "grace", "linus", "barbara", "donald")


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


def _said(answer):
    found = answer.json()
    return f"count {found['count']}, {[each['title'] for each in found['results']]}"
