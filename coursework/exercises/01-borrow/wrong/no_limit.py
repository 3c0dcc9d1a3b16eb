@transaction.atomic
def borrow(*, reader: User, book_id: int, quantity: int) -> Loan:
    book = lock_book(book_id)
    if book.stock < quantity:
        raise Conflict(f"{book.stock} copies are left, {quantity} were asked for.")
    book.stock -= quantity
    book.save(update_fields=["stock"])
    return Loan.objects.create(user=reader, book=book, quantity=quantity)
