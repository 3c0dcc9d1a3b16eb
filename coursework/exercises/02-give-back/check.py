"""A loan is returned many times at once, on SQLite and on PostgreSQL."""

import random

from django.http import Http404

from course.marks import Client, race, shown, wrong
from loans import services
from loans.models import Loan
from tests.factories import BookFactory, LoanFactory

CLICKS = 8
RETURN = {"is_returned": True}


def check(seed):
    """Return one loan once, another many times at once."""
    data = random.Random(seed)
    quantity = 2 + data.randrange(7)
    check_once(quantity, stock=data.randrange(4))
    check_crowd(quantity)
    check_stranger()


def check_once(quantity, stock):
    """Return several copies, then return them again."""
    loan = LoanFactory(quantity=quantity, book=BookFactory(stock=stock))
    client, path = Client(loan.user), f"/loans/{loan.pk}"
    answer = client.patch(path, RETURN)
    loan.refresh_from_db()
    loan.book.refresh_from_db()
    evidence = [shown("PATCH", path, answer), f"stock: {stock}, then {loan.book.stock}"]
    if answer.status_code != 200 or not loan.is_returned:
        wrong("not_returned", evidence)
    if loan.book.stock != stock + quantity:
        left = loan.book.stock
        wrong("stock", evidence, quantity=quantity, stock=stock, left=left)
    answer = client.patch(path, RETURN)
    if answer.status_code != 409:
        wrong("again", [*evidence, shown("PATCH", path, answer)])


def check_crowd(quantity):
    """Click on "return" many times at once."""
    loan = LoanFactory(quantity=quantity, book=BookFactory(stock=0))
    clients = [Client(loan.user) for _ in range(CLICKS)]
    path = f"/loans/{loan.pk}"
    answers = race(
        [lambda each=each: each.patch(path, RETURN) for each in clients], "loans_loan"
    )
    loan.book.refresh_from_db()
    statuses = sorted(answer.status_code for answer in answers)
    evidence = [
        f"{CLICKS} x PATCH {path} {RETURN}",
        f"statuses: {statuses}",
        f"stock: 0 before, {loan.book.stock} after",
    ]
    taken = statuses.count(200)
    if taken > 1:
        values = {"quantity": quantity, "left": loan.book.stock, "taken": taken}
        wrong("twice", evidence, **values)
    if statuses != [200] + [409] * (CLICKS - 1):
        wrong("statuses", evidence)


def check_stranger():
    """Ask for the return of a loan that is not among those the reader may return."""
    loan = LoanFactory()
    others = Loan.objects.exclude(pk=loan.pk)
    try:
        services.give_back(loans=others, loan_id=loan.pk)
    except Http404:
        return
    wrong("stranger", f"give_back(loans={others}, loan_id={loan.pk})")
