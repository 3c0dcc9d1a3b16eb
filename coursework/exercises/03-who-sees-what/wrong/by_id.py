class LoanList:
    def get_queryset(self) -> QuerySet[Loan]:
        reader = current_reader(self.request)
        loans = Loan.objects.all()
        return loans if reader.is_staff else loans.filter(id=reader.pk)
