"""Loans."""

from django.urls import path

from loans import views

urlpatterns = [
    path("loans", views.LoanList.as_view(), name="loans"),
    path("loans/<int:loan_id>", views.LoanDetail.as_view(), name="loan"),
    path("loans/books/<int:book_id>", views.LoansOfBook.as_view(), name="book-loans"),
]
