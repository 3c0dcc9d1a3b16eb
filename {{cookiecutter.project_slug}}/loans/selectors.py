"""Reads loans."""

from django.db.models import QuerySet

from loans.models import Loan
from users.models import User


def loans_visible_to(user: User) -> QuerySet[Loan]:
    """Return the loans that the user may see: their own, or all for a librarian."""
    loans = Loan.objects.all()
    return loans if user.is_staff else loans.filter(user=user)
