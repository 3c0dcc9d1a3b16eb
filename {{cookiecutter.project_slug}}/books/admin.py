"""The catalogue in the admin site."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from books import services
from books.isbn import without_hyphens
from books.models import Book, Tag
from common.admin import ConflictsShown
from common.errors import Conflict
from common.text import FormText, normalize


class IsbnField(FormText):
    """A form's ISBN, typed as books print it: with hyphens or spaces."""

    def to_python(self, value: Any) -> Any:
        """Return the ISBN as it is stored; an empty value if there is none."""
        return without_hyphens(super().to_python(value))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return the input's attributes: no length, it would cut off what is typed."""
        attributes = super().widget_attrs(widget)
        attributes.pop("maxlength", None)
        return attributes


@admin.register(Book)
class BookAdmin(ConflictsShown, admin.ModelAdmin):
    """Books, written by the API's services.

    A form may be out of date when it is sent. So only the fields that the librarian
    changed are written, and the stock only if it is still the one that the form showed.
    """

    list_display = ["title", "author", "isbn", "stock", "published_at"]
    list_filter = ["tags"]
    search_fields = ["title__shows", "author__shows", "isbn"]
    filter_horizontal = ["tags"]

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> Any:
        """Return the form's field, which also sends the value that the form showed."""
        options["show_hidden_initial"] = True
        if db_field.name == "isbn":
            options["form_class"] = IsbnField
        return super().formfield_for_dbfield(db_field, request, **options)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the books that are searched for; an ISBN may have its hyphens."""
        bare = without_hyphens(normalize(search_term))
        if len(bare) == 13 and bare.isdecimal():
            search_term = bare
        return super().get_search_results(request, queryset, search_term)

    def save_model(
        self, request: HttpRequest, obj: Book, form: Any, change: bool
    ) -> None:
        """Write the changed fields. Raises Conflict."""
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
        """Do nothing: the service has set the tags."""

    def delete_model(self, request: HttpRequest, obj: Book) -> None:
        """Delete a book together with its returned loans. Raises Conflict."""
        services.delete_book(book_id=obj.pk)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Ask for no permission to delete loans: nobody has it, nor needs it here."""
        found, counts, _, protected = super().get_deleted_objects(objs, request)
        return found, counts, set(), protected

    def has_delete_permission(
        self, request: HttpRequest, obj: Book | None = None
    ) -> bool:
        """Return whether the user may delete a book; False while copies are on loan."""
        allowed = super().has_delete_permission(request, obj)
        if obj is None:
            return allowed
        return allowed and not obj.loans.filter(is_returned=False).exists()

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Return the actions without the bulk deletion, which ignores open loans."""
        # Django 6.1 passes this argument by its name; 5.2 has no such argument.
        where = {"action_location": action_location} if action_location else {}
        actions = super().get_actions(request, **where)
        actions.pop("delete_selected", None)
        return actions


@admin.register(Tag)
class TagAdmin(ConflictsShown, admin.ModelAdmin):
    """Tags."""

    search_fields = ["name__shows"]


def _refuse_old_stock(book: Book, shown: str | None) -> None:
    if shown != str(book.stock):
        raise Conflict(
            f"Nothing was saved: copies were lent or returned meanwhile. "
            f"{book.stock} are there now, and this page shows it."
        )
