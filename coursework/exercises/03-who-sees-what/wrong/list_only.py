class LoanDetail:
    def get_queryset(self) -> QuerySet[Loan]:
        return Loan.objects.all()
