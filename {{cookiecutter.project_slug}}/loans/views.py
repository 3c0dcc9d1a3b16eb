"""The loans' endpoints."""

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from books.selectors import get_book
from common.bodies import read_body
from common.queries import HasQuery, PageQuerySerializer
from common.schema import ErrorSerializer
from loans import metrics, services
from loans.models import Loan
from loans.selectors import loans_visible_to
from loans.serializers import BorrowSerializer, LoanSerializer, ReturnSerializer
from users.authentication import current_reader

REFUSALS = {404: ErrorSerializer, 409: ErrorSerializer}


class LoanList(HasQuery, generics.ListAPIView):
    """The loans one may see, and a new one."""

    serializer_class = LoanSerializer
    query_serializer_class = PageQuerySerializer

    def get_queryset(self) -> QuerySet[Loan]:
        """Return the user's own loans; a librarian sees all."""
        return loans_visible_to(current_reader(self.request))

    @extend_schema(request=BorrowSerializer, responses={201: LoanSerializer} | REFUSALS)
    def post(self, request: Request) -> Response:
        """Borrow a book."""
        sent = read_body(BorrowSerializer, request)
        with metrics.counted_loan():
            loan = services.borrow(reader=current_reader(request), **sent)
        place = request.build_absolute_uri(reverse("loan", args=[loan.pk]))
        return Response(
            LoanSerializer(loan).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": place},
        )


class LoanDetail(generics.RetrieveAPIView):
    """One loan."""

    serializer_class = LoanSerializer
    lookup_url_kwarg = "loan_id"

    def get_queryset(self) -> QuerySet[Loan]:
        """Return the loans one may see: another reader's is not found."""
        return loans_visible_to(current_reader(self.request))

    @extend_schema(request=ReturnSerializer, responses={200: LoanSerializer} | REFUSALS)
    def patch(self, request: Request, loan_id: int) -> Response:
        """Return a loan."""
        loan = self.get_object()
        read_body(ReturnSerializer, request)
        loan = services.give_back(loans=self.get_queryset(), loan_id=loan.pk)
        metrics.RETURNED.inc()
        return Response(LoanSerializer(loan).data)


class LoansOfBook(HasQuery, generics.ListAPIView):
    """The loans of one book that one may see."""

    serializer_class = LoanSerializer
    query_serializer_class = PageQuerySerializer

    @extend_schema(operation_id="loans_books_list")
    def get(self, request: Request, book_id: int) -> Response:
        """List the loans of a book."""
        get_book(book_id)
        return self.list(request)

    def get_queryset(self) -> QuerySet[Loan]:
        """Return the book's loans, the user's own or, for a librarian, all."""
        loans = loans_visible_to(current_reader(self.request))
        return loans.filter(book_id=self.kwargs["book_id"])
