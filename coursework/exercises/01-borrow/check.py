"""Readers ask for the last copies at once, on SQLite and on PostgreSQL."""

import random

from django.conf import settings

from course.marks import Client, race, shown, wrong
from tests.factories import BookFactory, UserFactory

READERS = 12


def check(seed):
    """Check `borrow` with a crowd, then the limit of one reader."""
    data = random.Random(seed)
    check_crowd(stock=1 + data.randrange(3), quantity=1)
    check_quantity(quantity=2 + data.randrange(5))
    check_limit()


def check_crowd(stock, quantity):
    """Let a crowd ask for a few copies."""
    book = BookFactory(stock=stock)
    sent = {"book_id": book.pk, "quantity": quantity}
    clients = [Client(user) for user in UserFactory.create_batch(READERS)]
    answers = race(
        [lambda each=each: each.post("/loans", sent) for each in clients], "books_book"
    )
    statuses = sorted(answer.status_code for answer in answers)
    lent, left = book.loans.count(), type(book).objects.get(pk=book.pk).stock
    evidence = [
        f"{READERS} x POST /loans {sent}",
        f"statuses: {statuses}",
        f"loans: {lent}   stock: {stock} before, {left} after",
    ]
    if lent > stock:
        wrong("lent_twice", evidence, lent=lent, stock=stock)
    if left != stock - lent:
        wrong("stock", evidence, lent=lent, stock=stock, left=left)
    if statuses != [201] * stock + [409] * (READERS - stock):
        wrong("statuses", evidence, stock=stock)


def check_quantity(quantity):
    """Borrow several copies, then more than are left."""
    book = BookFactory(stock=quantity + 1)
    client, sent = Client(UserFactory()), {"book_id": book.pk, "quantity": quantity}
    answer = client.post("/loans", sent)
    left = type(book).objects.get(pk=book.pk).stock
    evidence = [shown("POST", f"/loans {sent}", answer), f"stock: {left}"]
    if (answer.status_code, left) != (201, 1):
        wrong("stock", evidence, lent=quantity, stock=quantity + 1, left=left)
    answer = client.post("/loans", sent)
    if answer.status_code != 409:
        evidence.append(shown("POST", f"/loans {sent}", answer))
        wrong("too_few", evidence, left=left, quantity=quantity)


def check_limit():
    """Ask for one copy more than a reader may have."""
    most = settings.LOANS_PER_READER
    book = BookFactory(stock=most + 5)
    sent = {"book_id": book.pk, "quantity": most + 1}
    answer = Client(UserFactory()).post("/loans", sent)
    if answer.status_code != 409:
        wrong("limit", shown("POST", f"/loans {sent}", answer), most=most)
