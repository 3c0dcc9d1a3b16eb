"""Loans in the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from loans.models import Loan


@admin.register(Loan)
class LoanAdmin(admin.ModelAdmin):
    """Loans, read-only: the API's services keep the books' stock in step."""

    list_display = ["book", "user", "quantity", "is_returned", "loaned_at"]
    list_filter = ["is_returned"]
    list_select_related = ["book", "user"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: borrowing goes through the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: returning goes through the API."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: the copies of a deleted loan would never come back."""
        return False
