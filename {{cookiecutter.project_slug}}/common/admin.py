"""What the pages of the admin site share."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from common.errors import Conflict
from common.event_hooks import admin_change

TAKEN_MEANWHILE = "Nothing was saved: another one like it was saved meanwhile."


class DeletionsRecorded:
    """Records each of several things that are deleted at once.

    Django saves their log entries in bulk, which sends no signal. For a ModelAdmin,
    before it in the list of base classes; LibrarySite adds it to each.
    """

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the new log entries."""
        entries = super().log_deletions(request, queryset)  # type: ignore[misc]
        if len(entries) > 1:
            for entry in entries:
                admin_change(instance=entry)
        return entries


class ConflictsShown:
    """Shows a page again, with a message, if others wrote meanwhile.

    For a ModelAdmin, before it in the list of base classes.
    """

    def changeform_view(
        self, request: HttpRequest, *arguments: Any, **options: Any
    ) -> Any:
        """Show or save a form; after a conflict, show it with a message."""
        view = super().changeform_view  # type: ignore[misc]
        return _show_conflict(view, request, *arguments, **options)

    def delete_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        """Ask before a deletion, or do it; after a conflict, ask with a message."""
        view = super().delete_view  # type: ignore[misc]
        return _show_conflict(view, request, *arguments, **options)


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
    except IntegrityError:
        messages.error(request, TAKEN_MEANWHILE)
    return HttpResponseRedirect(request.get_full_path())
