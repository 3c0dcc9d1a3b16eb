"""The catalogue in the admin site."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from books import services
from books.models import Book, Tag
from common.errors import Conflict


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    """Books, written by the API's services.

    What a page shows may be old when it is sent: only what was changed on it is
    written, and a stock only while it is the one that was shown.
    """

    list_display = ["title", "author", "isbn", "stock", "published_at"]
    list_filter = ["tags"]
    search_fields = ["title", "author", "isbn"]
    filter_horizontal = ["tags"]

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> Any:
        """Let the page send along what it showed."""
        options["show_hidden_initial"] = True
        return super().formfield_for_dbfield(db_field, request, **options)

    def save_model(
        self, request: HttpRequest, obj: Book, form: Any, change: bool
    ) -> None:
        """Write what was changed on the page. Raises Conflict."""
        if not change:
            obj.pk = services.create_book(**form.cleaned_data).pk
            return
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        if "stock" in changes:
            shown = form.data.get(form.add_initial_prefix("stock"))
            _refuse_old_stock(services.lock_book(obj.pk), shown)
        services.update_book(book_id=obj.pk, **changes)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Do nothing: the service linked the tags."""

    def delete_model(self, request: HttpRequest, obj: Book) -> None:
        """Delete a book, and its returned loans with it. Raises Conflict."""
        services.delete_book(book_id=obj.pk)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Ask for no permission but the book's: nobody deletes a loan alone."""
        found, counts, _, protected = super().get_deleted_objects(objs, request)
        return found, counts, set(), protected

    def has_delete_permission(
        self, request: HttpRequest, obj: Book | None = None
    ) -> bool:
        """Refuse a book that is on loan, and deleting many at once."""
        allowed = super().has_delete_permission(request, obj)
        if obj is None:
            return allowed
        return allowed and not obj.loans.filter(is_returned=False).exists()

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Leave out the bulk deletion, which asks no book whether it is on loan."""
        # Django 6.1 looks for this argument by its name; 5.2 does not know it.
        where = {"action_location": action_location} if action_location else {}
        actions = super().get_actions(request, **where)
        actions.pop("delete_selected", None)
        return actions

    def changeform_view(
        self, request: HttpRequest, *arguments: Any, **options: Any
    ) -> Any:
        """Show or take a book's form; after a Conflict, say so on a new one."""
        return _show_conflict(super().changeform_view, request, *arguments, **options)

    def delete_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        """Ask about a deletion, or do it; after a Conflict, say so and ask again."""
        return _show_conflict(super().delete_view, request, *arguments, **options)


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags."""

    search_fields = ["name"]


def _refuse_old_stock(book: Book, shown: str | None) -> None:
    if shown != str(book.stock):
        raise Conflict(
            f"Nothing was saved: copies were lent or returned meanwhile. "
            f"{book.stock} are there now, and this page shows it."
        )


def _show_conflict(
    view: Callable[..., HttpResponse],
    request: HttpRequest,
    *arguments: Any,
    **options: Any,
) -> HttpResponse:
    try:
        return view(request, *arguments, **options)
    except Conflict as conflict:
        messages.error(request, str(conflict.detail))
        return HttpResponseRedirect(request.get_full_path())
