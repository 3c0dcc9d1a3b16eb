class LoanList:
    def get_queryset(self) -> QuerySet[Loan]:
        """Return the user's own loans; a librarian sees all."""
        return Loan.objects.all()


class LoanDetail:
    def get_queryset(self) -> QuerySet[Loan]:
        """Return the loans one may see: another reader's is not found."""
        return Loan.objects.all()


class LoansOfBook:
    def get_queryset(self) -> QuerySet[Loan]:
        """Return the book's loans, the user's own or, for a librarian, all."""
        return Loan.objects.filter(book_id=self.kwargs["book_id"])
