"""What is read of loans."""

from django.db.models import QuerySet

from loans.models import Loan
from users.models import User


def loans_visible_to(user: User) -> QuerySet[Loan]:
    """Return the user's own loans; a librarian sees all."""
    loans = Loan.objects.all()
    return loans if user.is_staff else loans.filter(user=user)
