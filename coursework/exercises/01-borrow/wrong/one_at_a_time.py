@transaction.atomic
def borrow(*, reader: User, book_id: int, quantity: int) -> Loan:
    _check_limit(reader, quantity)
    book = lock_book(book_id)
    if book.stock == 0:
        raise Conflict("No copy is left.")
    book.stock -= 1
    book.save(update_fields=["stock"])
    return Loan.objects.create(user=reader, book=book, quantity=quantity)
