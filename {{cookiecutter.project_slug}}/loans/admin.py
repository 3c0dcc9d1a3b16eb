"""Loans in the admin site."""

from django.contrib import admin

from loans.models import Loan


@admin.register(Loan)
class LoanAdmin(admin.ModelAdmin):
    """Loans, to look at: only the API's services keep the stock right."""

    list_display = ["book", "user", "quantity", "is_returned", "loaned_at"]
    list_filter = ["is_returned"]
    list_select_related = ["book", "user"]

    def has_add_permission(self, request):
        """Refuse: borrowing goes through the API."""
        return False

    def has_change_permission(self, request, obj=None):
        """Refuse: returning goes through the API."""
        return False

    def has_delete_permission(self, request, obj=None):
        """Refuse: a deleted loan would take its copies with it."""
        return False
