class LoansOfBook:
    def get_queryset(self) -> QuerySet[Loan]:
        return Loan.objects.filter(book_id=self.kwargs["book_id"])
