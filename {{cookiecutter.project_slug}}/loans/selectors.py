"""What is read of loans."""

from loans.models import Loan


def loans_visible_to(user):
    """Return the user's own loans; a librarian sees all."""
    loans = Loan.objects.all()
    return loans if user.is_staff else loans.filter(user=user)
