class LoanDetail:
    def get_queryset(self) -> QuerySet[Loan]:
        from rest_framework.exceptions import PermissionDenied

        reader = current_reader(self.request)
        loan = Loan.objects.filter(pk=self.kwargs["loan_id"]).first()
        if loan and loan.user != reader and not reader.is_staff:
            raise PermissionDenied
        return Loan.objects.all()
