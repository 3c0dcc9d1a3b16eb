"""Reads loans."""

from django.db.models import QuerySet, Sum

from loans.models import Loan
from users.models import User


def loans_visible_to(user: User) -> QuerySet[Loan]:
    """Return the loans that the user may see: their own, or all for a librarian."""
    loans = Loan.objects.all()
    return loans if user.is_staff else loans.filter(user=user)


def open_loans(user: User) -> QuerySet[Loan]:
    """Return the loans of the user that are not returned."""
    return Loan.objects.filter(user=user, is_returned=False)


def copies_on_loan(user: User) -> int:
    """Return how many copies the user has."""
    found = open_loans(user).aggregate(copies=Sum("quantity", default=0))
    copies: int = found["copies"]
    return copies
