class LoanList:
    def get_queryset(self) -> QuerySet[Loan]:
        return Loan.objects.filter(user=current_reader(self.request))
