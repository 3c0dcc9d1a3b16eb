@transaction.atomic
def give_back(*, loans: QuerySet[Loan], loan_id: int) -> Loan:
    loan = get_object_or_404(Loan.objects.select_for_update(), pk=loan_id)
    if loan.is_returned:
        raise Conflict("This loan was already returned.")
    book = lock_book(loan.book_id)
    book.stock += loan.quantity
    book.save(update_fields=["stock"])
    loan.is_returned = True
    loan.returned_at = timezone.now()
    loan.save(update_fields=["is_returned", "returned_at"])
    return loan
