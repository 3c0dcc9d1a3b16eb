"""The catalogue in the admin site."""

from django.contrib import admin

from books.models import Book, Tag


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    """Books. One with copies on loan can't be deleted, here as in the API."""

    list_display = ["title", "author", "isbn", "stock", "published_at"]
    list_filter = ["tags"]
    search_fields = ["title", "author", "isbn"]
    filter_horizontal = ["tags"]

    def has_delete_permission(self, request, obj=None):
        """Refuse a book that is on loan, and deleting many at once."""
        allowed = super().has_delete_permission(request, obj)
        if obj is None:
            return allowed
        return allowed and not obj.loans.filter(is_returned=False).exists()

    def get_actions(self, request):
        """Leave out the bulk deletion, which asks no book whether it is on loan."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags."""

    search_fields = ["name"]
