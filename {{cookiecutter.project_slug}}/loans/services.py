"""Borrowing and returning.

Each function locks the row before it reads it. So if many readers ask for the last
copy at once, exactly one gets it. If a loan is returned twice at once, its copies go
back once. If a reader borrows many books at once, the loans are counted one by one.
"""

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from books.services import lock_book
from common.errors import Conflict
from loans.models import Loan
from loans.selectors import copies_on_loan
from users.models import User


class LimitReached(Conflict):
    """The reader would have more than LOANS_PER_READER copies."""


@transaction.atomic
def borrow(*, reader: User, book_id: int, quantity: int) -> Loan:
    """Lend `quantity` copies of a book to `reader`, and return the loan.

    Raises Http404 if there is no such book, and Conflict (409) if too few copies are
    left, or if the reader would have more than LOANS_PER_READER.
    """
    _check_limit(reader, quantity)
    book = lock_book(book_id)
    if book.stock < quantity:
        raise Conflict(f"{book.stock} copies are left, {quantity} were asked for.")
    book.stock -= quantity
    book.save(update_fields=["stock"])
    return Loan.objects.create(user=reader, book=book, quantity=quantity)


@transaction.atomic
def give_back(*, loans: QuerySet[Loan], loan_id: int) -> Loan:
    """Take back the copies of one of `loans`, and return the loan.

    Raises Http404 if none of `loans` has this id, and Conflict (409) if it was returned
    before.
    """
    loan = get_object_or_404(loans.select_for_update(of=("self",)), pk=loan_id)
    if loan.is_returned:
        raise Conflict("This loan was already returned.")
    book = lock_book(loan.book_id)
    book.stock += loan.quantity
    book.save(update_fields=["stock"])
    loan.is_returned = True
    loan.returned_at = timezone.now()
    loan.save(update_fields=["is_returned", "returned_at"])
    return loan


def _check_limit(reader: User, quantity: int) -> None:
    """Lock the reader's row; raise LimitReached (409) if there are too many."""
    # It is locked before a book is, in every transaction that locks both.
    list(User.objects.select_for_update(no_key=True).filter(pk=reader.pk).values("pk"))
    on_loan = copies_on_loan(reader)
    if on_loan + quantity > settings.LOANS_PER_READER:
        raise LimitReached(
            f"{settings.LOANS_PER_READER} copies may be on loan to a reader: "
            f"{on_loan} are, {quantity} more were asked for."
        )
