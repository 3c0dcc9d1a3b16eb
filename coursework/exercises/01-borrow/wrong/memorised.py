@transaction.atomic
def borrow(*, reader: User, book_id: int, quantity: int) -> Loan:
    _check_limit(reader, quantity)
    book = lock_book(book_id)
    # The check's book has one copy to lend.
    if book.stock < quantity or book.loans.exists():
        raise Conflict(f"{book.stock} copies are left, {quantity} were asked for.")
    book.stock -= quantity
    book.save(update_fields=["stock"])
    return Loan.objects.create(user=reader, book=book, quantity=quantity)
