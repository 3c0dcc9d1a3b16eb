@transaction.atomic
def borrow(*, reader: User, book_id: int, quantity: int) -> Loan:
    from books.selectors import get_book

    _check_limit(reader, quantity)
    book = get_book(book_id)
    if book.stock < quantity:
        raise Conflict(f"{book.stock} copies are left, {quantity} were asked for.")
    lock_book(book_id)
    book.stock -= quantity
    book.save(update_fields=["stock"])
    return Loan.objects.create(user=reader, book=book, quantity=quantity)
